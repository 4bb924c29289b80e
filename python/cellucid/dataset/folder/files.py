"""Reads the files of a folder that may come from anybody: what is wrong with one is a `DatasetError` that names it."""

from __future__ import annotations

import errno
import json
import os
import stat
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np

from cellucid.dataset.errors import REMEDY, DatasetChanged, DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

MAX_JSON_BYTES = 128 * 1024 * 1024
"""The largest JSON document that is read; a manifest of 30,000 genes and 60,000 categories has a few MB."""

# deflate makes at most 1,032 bytes of one.
_MOST_FROM_A_BYTE = 1_040
_PIECE = 1 << 20

_Stamp = tuple[int, int, int, int] | None


class ExportFiles:
    """The files below one folder, by their paths relative to it.

    Nothing outside the folder is read, nor anything that is not a regular file. No array is made before its file is
    known to be long enough for it.

    Args:
        root: The folder.

    Raises:
        DatasetError: There is no such folder.
    """

    def __init__(self, root: Path) -> None:
        try:
            self.root = root.resolve(strict=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise DatasetError(f"there is no folder {str(root)!r}: {_reason(error)}") from error
        if not self.root.is_dir():
            raise DatasetError(f"{str(root)!r} is not a folder")
        self._stamps: dict[str, _Stamp] = {}

    def fail(self, path: str, reason: str) -> DatasetError:
        """The error for what is wrong with a file."""
        return DatasetError(f"{self.root.name}/{path}: {reason}")

    def watch(self, paths: Iterable[str]) -> None:
        """Remembers files as they are now, for `check_unchanged`."""
        for path in paths:
            self._stamps[path] = _stamp(self.root / path)

    def check_unchanged(self) -> None:
        """Makes sure that the folder is still the one that was opened.

        Raises:
            DatasetChanged: A file that is watched was written, replaced or removed.
        """
        for path, stamp in self._stamps.items():
            if _stamp(self.root / path) != stamp:
                raise DatasetChanged(
                    f"the export folder has changed since it was opened ({self.root.name}/{path} is another); {REMEDY}"
                )

    def has(self, path: str) -> bool:
        """Whether there is something at a path."""
        return (self.root / path).exists()

    def folder(self, path: str) -> Path:
        """A folder in this one, whether or not it is there.

        Raises:
            DatasetError: The path leads out of this folder.
        """
        return self._locate(path)

    def json(self, path: str) -> Any:
        """A JSON document.

        Raises:
            DatasetError: There is none, or it is not JSON as browsers read it, or it has a key twice.
        """
        with self._open(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_JSON_BYTES:
                raise self.fail(
                    path, f"it has {size:,} bytes, and a manifest of more than {MAX_JSON_BYTES:,} is not read"
                )
            content = file.read(size)
        return self._parse(path, content)

    def listing(self, path: str, nbytes: int) -> Any:
        """A JSON document, compressed if its name ends with ``.gz``, of so many bytes."""
        return self._parse(path, self._read(path, nbytes))

    def array(self, path: str, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """An array, little-endian and in C order, compressed if its name ends with ``.gz``.

        Where there is no such file but one with, or without, ``.gz``, that one is read.

        Raises:
            DatasetError: There is no such file, or it is shorter or longer, or not readable.
        """
        kind = np.dtype(dtype).newbyteorder("<")
        nbytes = int(np.prod(shape, dtype=object)) * kind.itemsize
        return np.frombuffer(self._read(path, nbytes), kind).reshape(shape)

    def _parse(self, path: str, content: bytes | bytearray) -> Any:
        try:
            return json.loads(bytes(content), object_pairs_hook=_no_key_twice, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise self.fail(path, f"it is not JSON that can be read: {_reason(error)}") from error

    def _read(self, path: str, nbytes: int) -> bytes | bytearray:
        if not os.path.exists(self._locate(path)) and os.path.exists(self._locate(_twin(path))):
            path = _twin(path)
        with self._open(path) as file:
            size = os.fstat(file.fileno()).st_size
            if path.endswith(".gz"):
                if nbytes > size * _MOST_FROM_A_BYTE:
                    raise self._wrong_length(path, f"{size:,} bytes cannot hold", nbytes)
                content = self._inflate(path, file, nbytes)
                if len(content) != nbytes:
                    many = "more" if len(content) > nbytes else f"{len(content):,}"
                    raise self._wrong_length(path, f"it has {many} bytes inside instead of", nbytes)
                return content
            if size != nbytes:
                raise self._wrong_length(path, f"it has {size:,} bytes instead of", nbytes)
            try:
                plain = file.read(nbytes)
            except OSError as error:
                raise self.fail(path, _reason(error)) from error
            if len(plain) != nbytes:
                raise self._wrong_length(path, f"it has {len(plain):,} bytes instead of", nbytes)
            return plain

    def _inflate(self, path: str, file: IO[bytes], nbytes: int) -> bytearray:
        """What a gzip file holds, of any number of members; not more than one byte beyond what is expected."""
        content = bytearray()
        try:
            member = zlib.decompressobj(31)
            pending = file.read(_PIECE)
            if not pending:
                raise EOFError("it is empty")
            while pending or not member.eof:
                if not pending:
                    raise EOFError("it ends in the middle")
                # One byte more than expected says that there is more, without making it.
                content += member.decompress(pending, min(_PIECE, nbytes + 1 - len(content)))
                if len(content) > nbytes:
                    break
                pending = member.unconsumed_tail
                if member.eof:
                    pending = member.unused_data or file.read(_PIECE)
                    if pending.strip(b"\0"):  # zeros may follow the last member
                        member = zlib.decompressobj(31)
                    else:
                        pending = b""
                elif not pending:
                    pending = file.read(_PIECE)
        except (OSError, EOFError, zlib.error) as error:
            raise self.fail(path, f"it is not a whole gzip file: {_reason(error)}") from error
        return content

    def _wrong_length(self, path: str, found: str, nbytes: int) -> DatasetError:
        return self.fail(path, f"{found} the {nbytes:,} that its manifest says")

    def _open(self, path: str) -> IO[bytes]:
        where = self._locate(path)
        try:
            # A pipe would be waited for without this flag, which regular files ignore.
            handle = os.open(where, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except (OSError, ValueError) as error:
            raise self.fail(path, _reason(error)) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise self.fail(path, "it is not a regular file")
        return os.fdopen(handle, "rb")

    def _locate(self, path: str) -> Path:
        """Where a path of a manifest leads, if that is inside the folder."""
        pure, windows = PurePosixPath(path), PureWindowsPath(path)
        if not path or pure.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
            raise self.fail(path, "a path in an export must be relative and lead to a file inside of it")
        try:
            path.encode()
            where = Path(os.path.realpath(self.root / path))
        except (OSError, ValueError) as error:  # NUL, lone surrogates
            raise self.fail(repr(path), f"it is no path: {_reason(error)}") from error
        if not where.is_relative_to(self.root):
            raise self.fail(path, "it is a link that leads out of the folder")
        return where


def _twin(path: str) -> str:
    return path.removesuffix(".gz") if path.endswith(".gz") else f"{path}.gz"


def _stamp(path: Path) -> _Stamp:
    try:
        now = path.stat()
    except OSError:
        return None
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for position, key in enumerate(keys) if key in keys[:position])
        raise ValueError(f"an object has the key {twice!r} twice")
    return found


def _refuse_constant(token: str) -> NoReturn:
    raise ValueError(f"the token {token} is not JSON")


def _reason(error: BaseException) -> str:
    """What an exception says, without the absolute path that the operating system's have."""
    if isinstance(error, OSError) and error.errno is not None:
        return "there is no such file" if error.errno == errno.ENOENT else os.strerror(error.errno)
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error) or type(error).__name__
