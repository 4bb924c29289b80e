"""Makes the gene index of a stored CSR matrix while genes are asked for, and finds it again."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.dataset.genes.blocks import BlockReader, StoredRows, sorted_by_gene
from cellucid.dataset.genes.cache_folder import ENDING, gene_folder, make_room, mark_used
from cellucid.dataset.genes.index_file import CorruptIndex, GeneIndex
from cellucid.dataset.lock import held

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)  # of errors as text: whoever keeps what is logged must not keep the file open

# An entry in the index: its row in two bytes, its value in at most four. A gene in a block: twelve bytes, twice.
ENTRY_BYTES, TABLE_BYTES = 6, 24


class RowIndex:
    """The gene index of one matrix: found in the cache directory, or made block by block by those who ask.

    No thread of its own: who needs a block that is not there makes it, and every block before it. Whoever stops asking
    leaves what is there to the next one.

    Args:
        open_rows: Opens the matrix; called when there is no index yet.
        n_genes: Number of genes.
        key: What tells the matrix from others; None where nothing does, and the index is then not kept.
    """

    def __init__(
        self, open_rows: Callable[[], StoredRows], n_genes: int, key: Callable[[], dict[str, Any] | None]
    ) -> None:
        self._open_rows, self._n_genes, self._find_key = open_rows, n_genes, key
        self._lock = Lock()
        self._rows: StoredRows | None = None
        self._bounds: NDArray[np.intp] | None = None
        self._reader: BlockReader | None = None
        self._index: GeneIndex | None = None
        self._complete = False
        self._impossible = False
        self._key: dict[str, Any] | None = None

    @property
    def bounds(self) -> NDArray[np.intp]:
        """Where the blocks begin among the rows, and where the last one ends: ``(n_blocks + 1,)``."""
        if self._bounds is None:
            self._bounds = self.stored_rows().bounds()
        return self._bounds

    def stored_rows(self) -> StoredRows:
        """The matrix itself."""
        if self._rows is None:
            self._rows = self._open_rows()
        return self._rows

    def values(self, block: int, genes: NDArray[np.intp]) -> NDArray[np.float32] | None:
        """The values of some genes in the rows of a block, ``(len(genes), n_rows)``; None where there can be no index.

        Raises:
            DatasetError: The matrix cannot be read.
        """
        for _ in range(2):
            index = self._with_block(block)
            if index is None:
                return None
            try:
                return index.values(block, genes)
            except CorruptIndex as error:
                log.warning("the gene index of %s is made anew: %s", self._shown(), str(error))
                self._drop(index)
        return None

    def _with_block(self, block: int) -> GeneIndex | None:
        index = self._index
        if index is not None and (self._complete or block < index.n_blocks):
            return index
        with held(self._lock):
            if self._index is None and not self._impossible:
                self._index = self._find() or self._begin()
            while self._index is not None and not self._complete and self._index.n_blocks <= block:
                self._add_block(self._index)
            return self._index

    def _drop(self, index: GeneIndex) -> None:
        with held(self._lock):
            if self._index is index:
                index.discard()
                self._index, self._reader, self._complete = None, None, False

    # ---- all below hold the lock ----

    def _find(self) -> GeneIndex | None:
        """The index in the cache directory, if there is one of this matrix as it is now."""
        self._key = self._find_key()
        if (path := self._path()) is None:
            return None
        try:
            index = GeneIndex.open(path, self._key or {})
        except FileNotFoundError:
            return None
        except (OSError, CorruptIndex, ValueError, KeyError, TypeError) as error:
            log.info("the gene index of %s is made anew: %s", self._shown(), _reason(error))
            with suppress(OSError):
                path.unlink()
            return None
        mark_used(path)
        self._bounds, self._complete = index.bounds, True
        return index

    def _begin(self) -> GeneIndex | None:
        """A new index without blocks; None where the disk has no place for one."""
        rows = self.stored_rows()
        self._bounds = rows.bounds()
        size = int(rows.indptr[-1]) * ENTRY_BYTES + (len(self._bounds) - 1) * self._n_genes * TABLE_BYTES
        try:
            if make_room(gene_folder(), size):
                self._reader = BlockReader(rows, self._bounds)
                return GeneIndex.create(gene_folder(), self._bounds, self._n_genes)
            log.warning("no gene index for %s: it may take %d bytes, more than the cache may grow", self._shown(), size)
        except OSError as error:
            log.warning("no gene index for %s: %s", self._shown(), _reason(error))
        self._impossible = True
        return None

    def _add_block(self, index: GeneIndex) -> None:
        assert self._reader is not None
        assert self._bounds is not None
        rows = self.stored_rows()
        block = sorted_by_gene(self._reader.read(index.n_blocks), self._n_genes, rows.where)
        try:
            index.append(block)
        except OSError as error:
            log.warning("no gene index for %s: %s", self._shown(), _reason(error))
            index.discard()
            self._index, self._reader, self._impossible = None, None, True
            return
        if index.n_blocks == len(self._bounds) - 1:
            self._finish(index)

    def _finish(self, index: GeneIndex) -> None:
        self._reader, self._rows, self._complete = None, None, True
        # A file that was written to meanwhile is another one, and so is its index.
        key = self._find_key()
        try:
            index.finish(self._path() if key == self._key else None, self._key or {})
        except OSError as error:
            log.warning("the gene index of %s is not kept: %s", self._shown(), _reason(error))

    def _shown(self) -> str:
        """What the matrix is called in the log, without the folder that it is in."""
        if self._key is None:
            return "a matrix that is open to write or in memory"
        return f"{self._key['group']!r} of {Path(self._key['path']).name!r}"

    def _path(self) -> Path | None:
        if self._key is None:
            return None
        name = hashlib.blake2b(json.dumps(self._key, sort_keys=True).encode(), digest_size=16).hexdigest()
        return gene_folder() / f"{name}{ENDING}"


def _reason(error: Exception) -> str:
    """What went wrong, without the path of the file."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
