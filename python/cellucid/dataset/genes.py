"""One gene's column out of a cells x genes matrix, in whatever way it is stored, without copying or changing it.

A strategy for each kind of container; `gene_source` picks it by type. Nothing is kept between calls and the user's
matrix is only read: it is not sorted, its duplicate entries are not summed in place, no format is converted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import singledispatch
from operator import index as as_integer
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy import sparse

from cellucid.dataset.encode import float32_copy
from cellucid.dataset.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# CSR entries looked at in one step: the comparison's result is 1 MB, and even where every entry is a hit no temporary
# is larger than 8 MB.
CSR_STEP = 1 << 20


class GeneSource(ABC):
    """Columns of a matrix of shape ``(n_cells, n_genes)``."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.n_cells, self.n_genes = shape

    def column(self, j: int) -> NDArray[np.float32]:
        """The values of gene `j` in all cells, ``(n_cells,)``: a copy of its own.

        Raises:
            IndexError: `j` is not in ``0 .. n_genes - 1``.
        """
        j = as_integer(j)
        if not 0 <= j < self.n_genes:
            raise IndexError(f"gene number {j} is out of range: the matrix has {self.n_genes:,} genes")
        return self._column(j)

    @abstractmethod
    def _column(self, j: int) -> NDArray[np.float32]: ...


class _Compressed(Protocol):
    """What scipy's CSR and CSC matrices and arrays have in common."""

    shape: tuple[int, int]
    indptr: NDArray[Any]
    indices: NDArray[Any]
    data: NDArray[Any]


class DenseGenes(GeneSource):
    """A numpy array, C or F order, `numpy.matrix` and masked arrays (masked = missing) included."""

    def __init__(self, matrix: NDArray[Any]) -> None:
        super().__init__((matrix.shape[0], matrix.shape[1]))
        # numpy.matrix would answer with a column that is still a matrix.
        self._matrix = matrix if isinstance(matrix, np.ma.MaskedArray) else np.asarray(matrix)

    def _column(self, j: int) -> NDArray[np.float32]:
        column = self._matrix[:, j]
        values = float32_copy(np.ma.getdata(column))
        values[np.ma.getmaskarray(column)] = np.nan
        return values


class CsrGenes(GeneSource):
    """A scipy CSR matrix or array: rows one after the other, so every entry's gene number is compared once."""

    def __init__(self, matrix: _Compressed) -> None:
        super().__init__(matrix.shape)
        self._matrix = matrix

    def _column(self, j: int) -> NDArray[np.float32]:
        indptr, indices, data = self._matrix.indptr, self._matrix.indices, self._matrix.data
        column = np.zeros(self.n_cells, dtype=data.dtype)
        n_entries = int(indptr[-1])
        for start in range(0, n_entries, CSR_STEP):
            hits = np.flatnonzero(indices[start : min(start + CSR_STEP, n_entries)] == j)
            if hits.size:
                hits += start
                # With needles of another type searchsorted would convert all of indptr at each step.
                rows = np.searchsorted(indptr, hits.astype(indptr.dtype), side="right") - 1
                _add(column, rows, data[hits])
        return float32_copy(column)


class CscGenes(GeneSource):
    """A scipy CSC matrix or array: a gene's entries lie together."""

    def __init__(self, matrix: _Compressed) -> None:
        super().__init__(matrix.shape)
        self._matrix = matrix

    def _column(self, j: int) -> NDArray[np.float32]:
        entries = slice(self._matrix.indptr[j], self._matrix.indptr[j + 1])
        column = np.zeros(self.n_cells, dtype=self._matrix.data.dtype)
        _add(column, self._matrix.indices[entries], self._matrix.data[entries])
        return float32_copy(column)


class SubsetGenes(GeneSource):
    """Rows and columns of another source: a view of an AnnData, whose matrix anndata would copy at each access."""

    def __init__(self, whole: GeneSource, cells: NDArray[np.intp], genes: NDArray[np.intp]) -> None:
        super().__init__((len(cells), len(genes)))
        self._whole = whole
        self._cells = cells
        self._genes = genes

    def _column(self, j: int) -> NDArray[np.float32]:
        return self._whole.column(int(self._genes[j]))[self._cells]


def _add(column: NDArray[Any], rows: NDArray[np.integer[Any]], values: NDArray[Any]) -> None:
    """Adds entries to a column in the matrix's own type: a cell's duplicates sum as they do in scipy."""
    np.add.at(column, rows, values)


@singledispatch
def gene_source(matrix: object) -> GeneSource:
    """The strategy for a matrix, chosen by its type.

    Args:
        matrix: A two-dimensional numpy array or a scipy CSR or CSC matrix or array of real numbers.

    Raises:
        DatasetError: Another kind of container, or numbers that are not real.
    """
    kind = f"{type(matrix).__module__}.{type(matrix).__qualname__}"
    raise DatasetError(
        f"cannot read genes from a matrix of type {kind}; expected a numpy array or a scipy CSR or CSC matrix. "
        "Convert it first, for example `adata.X = scipy.sparse.csr_matrix(adata.X)`, or name another layer."
    )


@gene_source.register(np.ndarray)
def _(matrix: NDArray[Any]) -> GeneSource:
    _check(matrix.shape, matrix.dtype)
    return DenseGenes(matrix)


# scipy's matrix and array classes share no public base class of one format.
@gene_source.register(sparse.csr_matrix)
@gene_source.register(sparse.csr_array)
def _(matrix: _Compressed) -> GeneSource:
    _check(matrix.shape, matrix.data.dtype)
    return CsrGenes(matrix)


@gene_source.register(sparse.csc_matrix)
@gene_source.register(sparse.csc_array)
def _(matrix: _Compressed) -> GeneSource:
    _check(matrix.shape, matrix.data.dtype)
    return CscGenes(matrix)


def _check(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "biuf":
        raise DatasetError(f"cannot read genes from a matrix of {dtype} values; expected real numbers")
    if len(shape) != 2:
        raise DatasetError(f"cannot read genes from an array of shape {shape}; expected (cells, genes)")
