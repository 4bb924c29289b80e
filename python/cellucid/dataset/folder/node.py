"""A value inside a JSON document, with where it stands: reading something else than is there names file and place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cellucid.dataset.errors import DatasetError
    from cellucid.dataset.folder.files import ExportFiles


class Node:
    """One value of a document.

    Args:
        files: Whose `fail` makes the errors.
        file: The document's path.
        value: The value.
        where: How to get to it from the document's root, as in JavaScript.
    """

    def __init__(self, files: ExportFiles, file: str, value: Any, where: str = "") -> None:
        self._files = files
        self._file = file
        self._where = where
        self.value = value

    def __getitem__(self, key: str | int) -> Node:
        """What an object has under a key, or a list at a place.

        Raises:
            DatasetError: It is no object or list, or does not have it.
        """
        child = self.get(key)
        if child is None:
            raise self.fail(f"{key!r} is missing" if isinstance(key, str) else f"has no entry number {key}")
        return child

    def __iter__(self) -> Iterator[Node]:
        """The entries of a list."""
        if not isinstance(self.value, list):
            raise self.expected("a list")
        for position, value in enumerate(self.value):
            yield self._child(f"[{position}]", value)

    def __len__(self) -> int:
        if not isinstance(self.value, list | dict):
            raise self.expected("a list or an object")
        return len(self.value)

    def get(self, key: str | int) -> Node | None:
        """The same as indexing, or None where it is not there."""
        if isinstance(key, str):
            if not isinstance(self.value, dict):
                raise self.expected("an object")
            return self._child(f".{key}" if self._where else key, self.value[key]) if key in self.value else None
        if not isinstance(self.value, list):
            raise self.expected("a list")
        return self._child(f"[{key}]", self.value[key]) if key < len(self.value) else None

    def items(self) -> Iterator[tuple[str, Node]]:
        """The keys of an object and what it has there."""
        if not isinstance(self.value, dict):
            raise self.expected("an object")
        for key, value in self.value.items():
            yield key, self._child(f".{key}" if self._where else key, value)

    @property
    def is_null(self) -> bool:
        """Whether it is ``null``."""
        return self.value is None

    def text(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            raise self.expected("a string")
        return self.value

    def key(self) -> str:
        """A name: a string, or a number as its text (pandas has columns named so)."""
        if isinstance(self.value, bool) or not isinstance(self.value, str | int | float):
            raise self.expected("a name")
        return str(self.value)

    def label(self) -> str:
        """A category's name; ``true`` and numbers as Python writes them."""
        if not isinstance(self.value, str | int | float):
            raise self.expected("a category's name")
        return str(self.value)

    def integer(self, low: int, high: int) -> int:
        """A whole number in a range, both ends included."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not low <= self.value <= high:
            raise self.expected(f"a whole number from {low:,} to {high:,}")
        return self.value

    def number(self) -> float:
        """A finite number."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            raise self.expected("a finite number")
        return float(value)

    def one_of(self, *known: str) -> str:
        """One of some strings."""
        if not isinstance(self.value, str) or self.value not in known:
            raise self.expected(" or ".join(map(repr, known)))
        return self.value

    def expected(self, what: str) -> DatasetError:
        """The error for a value of another kind."""
        shown = repr(self.value)
        return self.fail(f"expected {what}, got {shown if len(shown) <= 60 else shown[:57] + '…'}")

    def fail(self, reason: str) -> DatasetError:
        """The error for what is wrong with this value."""
        return self._files.fail(self._file, f"{self._where}: {reason}" if self._where else reason)

    def _child(self, step: str, value: Any) -> Node:
        return Node(self._files, self._file, value, self._where + step)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond float64
        return False
