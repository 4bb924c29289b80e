"""The gene index of a stored CSR matrix: a file of blocks sorted by gene, from which a gene is read in no time.

One after the other: the blocks (the row numbers of its entries, their values, and a table that says of each gene where
its entries are and what they sum up to), the blocks' tables once more, gene after gene, a description as JSON, and a
footer that says where that begins. The file has its name only once it is whole and on the disk: a process that is
killed leaves a file of another name, which nobody reads. Each gene's entries are held to their sum whenever they are
read.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import weakref
import zlib
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cellucid.dataset.genes.cache_folder import unfinished_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cellucid.dataset.genes.blocks import GeneBlock

FORMAT = 1
MAGIC = b"cellucid-genes\n"
_FOOTER = struct.Struct("<QII15s")  # length of the description, its crc32, the format, MAGIC
_ENTRY = np.dtype([("start", "<u4"), ("count", "<u4"), ("sum", "<u4")])
_FACTOR = np.uint32(0x9E3779B1)  # odd, so that no bit of a value is lost


class CorruptIndex(Exception):
    """The file is not what it was when it was written."""


class GeneIndex:
    """Blocks of rows sorted by gene, in a file that is being written or has been.

    Safe to use from several threads, but for `append` and `finish`.

    Args:
        file: The file, open.
        bounds: Where the blocks begin among the rows, and where the last one ends.
        n_genes: Number of genes.
    """

    def __init__(self, file: _File, bounds: NDArray[np.intp], n_genes: int) -> None:
        self._file = file
        self._bounds = bounds
        self._n_genes = n_genes
        self._blocks: list[tuple[int, int, str]] = []  # where a block begins, its entries, the type of its values
        self._table_at: int | None = None  # where the table of all blocks begins, once it is there

    @property
    def n_blocks(self) -> int:
        """Number of blocks that are there."""
        return len(self._blocks)

    # ---- writing ----

    @classmethod
    def create(cls, folder: Path, bounds: NDArray[np.intp], n_genes: int) -> Self:
        """An index without blocks, in a file with a name that nobody looks for.

        Raises:
            OSError: The file cannot be made.
        """
        return cls(_File(folder / unfinished_name(), os.O_RDWR | os.O_CREAT | os.O_EXCL, remove=True), bounds, n_genes)

    def append(self, block: GeneBlock) -> None:
        """Adds the next block.

        Raises:
            OSError: It cannot be written; the index is then of no use.
        """
        assert self._table_at is None, "the index is complete"
        table = np.zeros(self._n_genes, dtype=_ENTRY)
        table["start"] = block.starts[:-1]
        table["count"] = np.diff(block.starts)
        table["sum"] = _sums(block) + _salts(len(self._blocks), np.arange(self._n_genes, dtype=np.uint32))
        at = self._file.append(np.ascontiguousarray(block.rows, dtype="<u2"))
        self._file.append(np.ascontiguousarray(block.values, dtype=block.values.dtype.newbyteorder("<")))
        self._file.append(table)
        self._blocks.append((at, len(block.rows), block.values.dtype.newbyteorder("<").str))

    def finish(self, path: Path | None, matrix: dict[str, Any]) -> None:
        """Completes the file and gives it its name. None leaves it without one, for this object alone.

        Raises:
            OSError: It cannot be written or renamed; what is there can be read all the same.
        """
        if path is None:
            return
        assert self._table_at is None, "the index is complete"
        # Gene after gene, so that reading one gene reads neighbouring entries.
        at = self._file.size
        for start in range(0, self._n_genes, 1024):
            size = min(1024, self._n_genes - start) * _ENTRY.itemsize
            skip = start * _ENTRY.itemsize
            parts = [self._file.read(self._block_table_at(block) + skip, size) for block in range(self.n_blocks)]
            tables = np.frombuffer(b"".join(parts), dtype=_ENTRY).reshape(self.n_blocks, -1)
            self._file.append(np.ascontiguousarray(tables.T))
        description = json.dumps(
            {
                "matrix": matrix,
                "n_genes": self._n_genes,
                "bounds": self._bounds.tolist(),
                "blocks": self._blocks,
                "table": at,
            }
        ).encode()
        footer = _FOOTER.pack(len(description), zlib.crc32(description), FORMAT, MAGIC)
        self._file.append(np.frombuffer(description + footer, dtype=np.uint8))
        self._file.keep_as(path)
        self._table_at = at

    def discard(self) -> None:
        """Removes the file, whether it is whole or not."""
        self._file.remove()

    # ---- reading ----

    @classmethod
    def open(cls, path: Path, matrix: dict[str, Any]) -> Self:
        """The index at a path.

        Raises:
            OSError: There is none, or it cannot be read.
            CorruptIndex: It is none, or not of this matrix.
        """
        file = _File(path, os.O_RDONLY, remove=False)
        end = file.size - _FOOTER.size
        length, crc, version, magic = _FOOTER.unpack(file.read(end, _FOOTER.size))
        if magic != MAGIC or version != FORMAT or length > end:
            raise CorruptIndex("it has no footer")
        description = file.read(end - length, length)
        if zlib.crc32(description) != crc:
            raise CorruptIndex("its description is damaged")
        about = json.loads(description)
        if about["matrix"] != matrix:
            raise CorruptIndex("it is of another matrix")
        index = cls(file, np.array(about["bounds"], dtype=np.intp), about["n_genes"])
        index._blocks = [tuple(block) for block in about["blocks"]]
        index._table_at = about["table"]
        return index

    @property
    def bounds(self) -> NDArray[np.intp]:
        """Where the blocks begin among the rows, and where the last one ends."""
        return self._bounds

    def values(self, block: int, genes: NDArray[np.intp]) -> NDArray[np.float32]:
        """The values of some genes in the rows of a block, ``(len(genes), n_rows)``.

        Raises:
            CorruptIndex: The file is not what was written.
        """
        n_rows = int(self._bounds[block + 1] - self._bounds[block])
        found = np.zeros((len(genes), n_rows), dtype=np.float32)
        at, n_entries, code = self._blocks[block]
        dtype = np.dtype(code)
        for k, gene in enumerate(genes):
            start, count, expected = self._entry(block, int(gene)).item()
            salt = int(_salts(block, np.array(gene, dtype=np.uint32)))
            if start + count > n_entries or (not count and expected != salt):
                raise CorruptIndex("its table is damaged")
            if not count:
                continue
            rows = np.frombuffer(self._read(at + 2 * start, 2 * count), dtype="<u2")
            values_at = at + 2 * n_entries + dtype.itemsize * start
            values = np.frombuffer(self._read(values_at, dtype.itemsize * count), dtype=dtype)
            sums = salt + _sum(rows) + _sum(_bits(values)) * int(_FACTOR)
            if sums & 0xFFFFFFFF != expected or rows.max() >= n_rows:
                raise CorruptIndex("the entries of a gene are damaged")
            found[k, rows] = values
        return found

    def _entry(self, block: int, gene: int) -> Any:
        if self._table_at is None:
            at = self._block_table_at(block) + gene * _ENTRY.itemsize
        else:
            at = self._table_at + (gene * len(self._blocks) + block) * _ENTRY.itemsize
        return np.frombuffer(self._read(at, _ENTRY.itemsize), dtype=_ENTRY)[0]

    def _block_table_at(self, block: int) -> int:
        at, n_entries, code = self._blocks[block]
        return at + (2 + np.dtype(code).itemsize) * n_entries

    def _read(self, at: int, nbytes: int) -> bytes:
        try:
            return self._file.read(at, nbytes)
        except OSError as error:
            raise CorruptIndex(str(error)) from error


def _sums(block: GeneBlock) -> NDArray[np.uint32]:
    """What the entries of each gene sum up to: the row numbers, and a multiple of the values' bits."""
    sums = np.zeros(len(block.starts) - 1, dtype=np.uint32)
    there = np.flatnonzero(np.diff(block.starts))
    if there.size:
        starts = block.starts[there].astype(np.intp)
        sums[there] = np.add.reduceat(block.rows, starts, dtype=np.uint32)
        sums[there] += np.add.reduceat(_bits(block.values), starts, dtype=np.uint32) * _FACTOR
    return sums


def _salts(block: int, genes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """What is added to each gene's sum: a gene without entries has one too, which a hole in the file has not."""
    return genes * np.uint32(0x85EBCA6B) + np.uint32(block + 1)


def _sum(numbers: NDArray[Any]) -> int:
    return int(numbers.sum(dtype=np.uint64))


def _bits(values: NDArray[Any]) -> NDArray[Any]:
    return values.view("<u4") if values.dtype.kind == "f" else values


class _File:
    """A file that several threads read from, and that vanishes unless it is kept."""

    def __init__(self, path: Path, flags: int, *, remove: bool) -> None:
        self._path = path
        self._descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0), 0o600)
        self.size = os.fstat(self._descriptor).st_size
        self._lock = Lock()
        self._gone = weakref.finalize(self, _let_go, self._descriptor, path if remove else None, os.getpid())

    def append(self, array: NDArray[Any]) -> int:
        """Writes an array at the end; where it begins."""
        at = self.size
        left = array.data.cast("B") if array.size else memoryview(b"")
        with self._lock:
            os.lseek(self._descriptor, at, os.SEEK_SET)
            while left:
                left = left[os.write(self._descriptor, left) :]
        self.size = at + array.nbytes
        return at

    def read(self, at: int, nbytes: int) -> bytes:
        """So many bytes from a place on.

        Raises:
            OSError: There are fewer.
        """
        if at < 0:
            raise OSError("the file is too short")
        if sys.platform != "win32":
            found = os.pread(self._descriptor, nbytes, at)
        else:
            with self._lock:
                os.lseek(self._descriptor, at, os.SEEK_SET)
                found = os.read(self._descriptor, nbytes)
        if len(found) != nbytes:
            raise OSError("the file is too short")
        return found

    def keep_as(self, path: Path) -> None:
        """Gives the file its name, once all of it is on the disk."""
        os.fsync(self._descriptor)
        with self._lock:
            if sys.platform == "win32":  # which does not rename what is open
                os.close(self._descriptor)
                os.replace(self._path, path)
                self._descriptor = os.open(path, os.O_RDONLY | os.O_BINARY)
            else:
                os.replace(self._path, path)
            self._gone.detach()
            self._path = path
            self._gone = weakref.finalize(self, _let_go, self._descriptor, None, os.getpid())

    def remove(self) -> None:
        """Removes the file; who still reads from it may go on until it is closed."""
        with suppress(OSError):
            self._path.unlink()


def _let_go(descriptor: int, path: Path | None, process: int) -> None:
    with suppress(OSError):
        os.close(descriptor)
    if path is not None and os.getpid() == process:  # not in a child that it has forked
        with suppress(OSError):
            path.unlink()
