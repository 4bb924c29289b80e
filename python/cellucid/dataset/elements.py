"""Single elements of an AnnData in a file, HDF5 or zarr: what they are is told without reading them.

The encodings are those of anndata's on-disk format (``encoding-type``), and what anndata 0.7 wrote before it had names
for them.
"""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem

from cellucid.dataset.encode import float32_copy
from cellucid.dataset.errors import DatasetError
from cellucid.dataset.identity import name_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

ROWS_A_STEP = 1 << 14
"""Texts that are looked at in one step."""

# Larger arrays of which the file has not all are refused: reading them would fill memory with what is not there.
_MUST_BE_THERE = 1 << 24

_MOST_COLUMNS_OF_ZEROS = 64
"""In an array of which zarr has no part."""

_FEW_WORDS = 1_000
"""Different words of a column that are kept when they are counted."""

_MOST_TEXTS = 1 << 20
"""In an attribute, such as the names of a table's columns."""

Kind = Literal["numbers", "flags", "categories", "words"]


def encoding(node: Any) -> str:
    """What an element says that it is; "" where it says nothing."""
    return _text(_attribute(node, "encoding-type", ""))


def is_group(node: Any) -> bool:
    """Whether it has parts, rather than values of its own."""
    return not hasattr(node, "dtype")


def group_of(root: Any, name: str) -> Any:
    """A group of a group, or an empty one where there is none: anndata writes None as an array."""
    node = root.get(name)
    return {} if node is None or not is_group(node) else node


def shape_of(node: Any) -> tuple[int, ...]:
    """The shape of an array, of a sparse matrix or of a table; () of anything else."""
    if not is_group(node):
        return tuple(map(int, node.shape))
    if encoding(node) == "dataframe":
        table = StoredTable(node)
        return table.length, len(table.columns)
    shape = _attribute(node, "shape", _attribute(node, "h5sparse_shape", ()))
    return tuple(int(side) for side in np.atleast_1d(shape))


def check_there(node: Any, n_rows: int = 0) -> None:
    """Refuses a large array whose values the file does not have: HDF5 and zarr would make them up.

    Args:
        node: The array, or a group, of which nothing is known.
        n_rows: How many rows there are for sure. Zarr writes no zeros, so an array with no more of them, and not many
            columns, may have no part in the file.

    Raises:
        DatasetError: Parts of it are missing.
    """
    if is_group(node) or node.size * node.dtype.itemsize <= _MUST_BE_THERE:
        return
    if not isinstance(node, h5py.Dataset):
        # A sparse matrix says in one number more than it has rows where they begin.
        may_be_zeros = node.shape[0] <= n_rows + 1 and node.size <= (n_rows + 1) * _MOST_COLUMNS_OF_ZEROS
        missing = node.nchunks_initialized == 0 and not may_be_zeros
    elif node.chunks is None:
        missing = node.id.get_storage_size() < node.size * node.dtype.itemsize and node.external is None
    else:
        n_chunks = np.prod([-(-side // step) for side, step in zip(node.shape, node.chunks, strict=True)])
        missing = node.id.get_num_chunks() < n_chunks
    if missing:
        raise DatasetError(f"{node.name} is said to have {node.size:,} values, and the file does not hold them")


class StoredTable:
    """A table of a file (``obs``, ``var``), read one column at a time.

    Raises:
        DatasetError: It is not such a table.
    """

    def __init__(self, group: Any) -> None:
        if not is_group(group):
            raise DatasetError("it is not a table of columns")
        self._group = group
        index = _text(_attribute(group, "_index", "_index"))
        if index not in group or is_group(group[index]) or len(group[index].shape) != 1:
            raise DatasetError(f"it has no column {index!r} with the names of its rows")
        self._index = group[index]
        self.index_name = None if index in ("_index", "index") else index
        self.length = int(self._index.shape[0])
        order = _attribute(group, "column-order", ())
        listed = [_text(label) for label in np.atleast_1d(order)] if np.size(order) else []
        self.columns = list(dict.fromkeys(label for label in listed if label in group))
        """Labels of the columns, in their order."""

    @cached_property
    def names(self) -> pd.Index[Any]:
        """Names of the rows as str, ``(length,)``."""
        names = np.empty(self.length, dtype=object)
        for rows, texts in self._name_blocks():
            names[rows] = texts
        return pd.Index(names, dtype=object, name=self.index_name)

    def name_hashes(self) -> NDArray[np.uint64]:
        """`identity.name_hashes` of the names, without keeping them."""
        hashes = np.empty(self.length, dtype="<u8")
        for rows, texts in self._name_blocks():
            hashes[rows] = name_hashes(texts)
        return hashes

    def _name_blocks(self) -> Iterator[tuple[slice, NDArray[Any]]]:
        check_there(self._index)
        # Zarr leaves out parts that are all alike; names are not, so they have got lost.
        if not isinstance(self._index, h5py.Dataset) and self._index.nchunks_initialized < self._index.nchunks:
            raise DatasetError("parts of the names are not there")
        return _text_blocks(self._index)

    def column(self, label: str) -> StoredColumn:
        """A column of the table.

        Raises:
            DatasetError: It cannot be shown; the message is the reason.
        """
        column = StoredColumn(self._group, label)
        if column.length != self.length:
            raise DatasetError(f"it has {column.length:,} values for {self.length:,} rows")
        return column


class StoredColumn:
    """A column of a table in a file.

    Raises:
        DatasetError: It is of a kind that cannot be shown; the message is the reason.
    """

    kind: Kind
    length: int

    def __init__(self, table: Any, label: str) -> None:
        self._node = node = table[label]
        self._table = table
        self.kind = self._find_kind()
        match self.kind, is_group(node):
            case "categories", True:
                values = node["codes"]
            case _, True:
                values = node["values"]
            case _:
                values = node
        if len(values.shape) != 1:
            raise DatasetError(f"its values have shape {tuple(values.shape)}")
        self._values = values
        self.length = int(values.shape[0])

    def _find_kind(self) -> Kind:
        node, kind = self._node, encoding(self._node)
        if is_group(node):
            known: dict[str, Kind] = {
                "categorical": "categories",
                "nullable-integer": "numbers",
                "nullable-boolean": "flags",
                "nullable-string-array": "words",
            }
            if kind in known:
                return known[kind]
            raise DatasetError(f"it is stored as {kind or 'a group'!r}, which this version cannot read")
        if "categories" in node.attrs:  # anndata 0.7: codes that point to their categories
            return "categories"
        if kind == "string-array" or node.dtype.kind in "OSUT":
            return "words"
        if node.dtype.kind == "b":
            return "flags"
        if node.dtype.kind in "iuf":
            return "numbers"
        raise DatasetError("complex numbers" if node.dtype.kind == "c" else f"values of type {node.dtype}")

    @cached_property
    def _categories(self) -> Any:
        if is_group(self._node):
            return self._node["categories"]
        reference = self._node.attrs["categories"]
        return self._table[reference if isinstance(reference, h5py.Reference) else _text(reference)]

    @cached_property
    def n_categories(self) -> int:
        """How many categories there are, before those that read the same become one; of words, how many differ."""
        if self.kind == "categories":
            return int(shape_of(self._categories)[0])
        if self.kind == "flags":
            return 2
        return self._counted[0]

    def words(self) -> tuple[str, ...]:
        """The different words of a column of words, in the order in which they come."""
        n_words, words = self._counted
        if len(words) < n_words:
            words = tuple(dict.fromkeys(chain.from_iterable(self._texts_there())))
        return words

    @cached_property
    def _counted(self) -> tuple[int, tuple[str, ...]]:
        """How many different words there are, and which, if they are few."""
        words: dict[str, None] = {}
        hashes, n_texts = np.empty(self.length, dtype="<u8"), 0
        for texts in self._texts_there():
            hashes[n_texts : n_texts + len(texts)] = name_hashes(texts)
            n_texts += len(texts)
            if len(words) <= _FEW_WORDS:
                words |= dict.fromkeys(texts)
        if len(words) <= _FEW_WORDS:
            return len(words), tuple(words)
        hashes = hashes[:n_texts]
        hashes.sort()
        return 1 + int(np.count_nonzero(hashes[1:] != hashes[:-1])), ()

    def categories(self) -> NDArray[Any]:
        """The categories of a categorical column, in their order."""
        check_there(self._categories)
        return np.asarray(_plain(read_elem(self._categories)))

    def read(self) -> pd.Series[Any]:
        """The column as anndata reads it."""
        check_there(self._values, self.length)
        if self.kind == "categories" and not is_group(self._node):
            ordered = bool(_attribute(self._categories, "ordered", False))
            categories = pd.Index(self.categories())
            codes: pd.Categorical[Any] = pd.Categorical.from_codes(self._values[...], categories, ordered=ordered)
            return pd.Series(codes)
        if self.kind == "categories":
            check_there(self._categories)
        values = read_elem(self._node)
        return pd.Series(_plain(values) if isinstance(values, np.ndarray) else values)

    def _texts_there(self) -> Iterator[NDArray[Any]]:
        """Texts of a column of words, some rows at a time, without missing ones."""
        check_there(self._values, self.length)
        yield np.empty(0, dtype=object)
        mask = self._node["mask"] if is_group(self._node) else None
        for rows, texts in _text_blocks(self._values):
            yield texts if mask is None else texts[~np.asarray(mask[rows], dtype=bool)]


class StoredMatrix:
    """An entry of ``obsm`` in a file: an array, a sparse matrix or a table. See `embeddings.StoredEntry`."""

    def __init__(self, node: Any, n_cells: int) -> None:
        self._node = node
        self.n_cells = n_cells
        self.shape = shape_of(node)
        self.is_real = self.shape[:1] == (n_cells,) and len(self.shape) == 2 and self._has_numbers()
        self._columns: dict[int, NDArray[np.float32]] = {}

    def _has_numbers(self) -> bool:
        kind = encoding(self._node)
        if not is_group(self._node):
            return self._node.dtype.kind in "iuf"
        if kind == "dataframe":
            table = StoredTable(self._node)
            try:
                return all(table.column(label).kind == "numbers" for label in table.columns)
            except DatasetError:
                return False
        return kind in ("csr_matrix", "csc_matrix") and self._node["data"].dtype.kind in "iuf"

    @cached_property
    def _whole(self) -> Any:
        """A sparse matrix: it is read whole, as its columns cannot be read alone."""
        for part in ("data", "indices", "indptr"):
            check_there(self._node[part], self.n_cells)
        matrix = read_elem(self._node).tocsr()
        matrix.check_format(full_check=True)  # scipy reads beyond its arrays where they lie
        return matrix

    def _column(self, position: int) -> NDArray[np.float32]:
        """A column of a table: it is read whole, and kept, as a part of it cannot be read alone."""
        if position not in self._columns:
            table = StoredTable(self._node)
            column = table.column(table.columns[position]).read()
            self._columns[position] = column.to_numpy(dtype="float32", na_value=np.nan)
        return self._columns[position]

    def read(self, rows: slice, columns: Sequence[int]) -> NDArray[np.float32]:
        """Some cells and columns as float32 ``(rows, columns)`` in C order, missing numbers NaN."""
        if not is_group(self._node):
            check_there(self._node, self.n_cells)
            first, last = min(columns), max(columns) + 1
            # In one piece: a list of columns is slow in h5py.
            part = self._node[rows, first:last]
            return float32_copy(part[:, [column - first for column in columns]])
        if encoding(self._node) == "dataframe":
            return float32_copy(np.column_stack([self._column(column)[rows] for column in columns]))
        return float32_copy(self._whole[rows][:, list(columns)].toarray())


def _attribute(node: Any, name: str, otherwise: Any) -> Any:
    """An attribute of an element; HDF5 would make room for one of any size before it looks whether it is there."""
    if name not in node.attrs:
        return otherwise
    if (
        isinstance(node, h5py.Group | h5py.Dataset)
        and np.prod(node.attrs.get_id(name).shape, dtype=float) > _MOST_TEXTS
    ):
        raise DatasetError(f"its attribute {name!r} is too long to be true")
    return node.attrs[name]


def _text_blocks(node: Any) -> Iterator[tuple[slice, NDArray[Any]]]:
    """The values of an array of texts as str in an array of objects, some rows at a time."""
    as_texts = node.asstr() if isinstance(node, h5py.Dataset) and h5py.check_string_dtype(node.dtype) else node
    n_rows = int(node.shape[0])
    # A chunk is decoded as a whole, however little of it is asked for.
    step = max(ROWS_A_STEP, int(node.chunks[0]) if node.chunks else 0)
    for first in range(0, n_rows, step):
        read = _plain(as_texts[first : min(first + step, n_rows)]).astype(object)
        for start in range(0, len(read), ROWS_A_STEP):
            texts = read[start : start + ROWS_A_STEP]
            if not all(type(text) is str for text in texts):
                texts = np.array([_text(text) for text in texts], dtype=object)
            yield slice(first + start, first + start + len(texts)), texts


def _plain(values: Any) -> NDArray[Any]:
    """Zarr's arrays of texts have a type of their own."""
    array = np.asarray(values)
    return array.astype(object) if array.dtype.kind in "TU" else array


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    return value.decode() if isinstance(value, bytes) else str(value)
