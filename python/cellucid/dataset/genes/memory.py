"""Genes of a matrix in memory, without copying or changing it.

Nothing but whether rows are sorted is kept between calls and the user's matrix is only read: it is not sorted, its
duplicate entries are not summed in place, no format is converted.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy import sparse

from cellucid.dataset.encode import float32_copy
from cellucid.dataset.genes.rows import Order, Rows, columns, row_parts
from cellucid.dataset.genes.source import GeneSource, Lock, check_matrix, gene_source
from cellucid.dataset.genes.threads import in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cellucid.dataset.genes.source import Blocks

# Values made in one step, over all genes asked for: 512 kB of float32, and enough work to be worth a thread.
VALUES_A_STEP = 1 << 17

_order = Order()


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

    def _blocks(self, genes: NDArray[np.intp]) -> Blocks:
        if len(genes) == 1:
            values = _dense(self._matrix[:, genes[0]])[np.newaxis]
        else:
            values = np.empty((len(genes), self.n_cells), dtype=np.float32)
            # A row's values lie together: some cells at a time, so that each is fetched from memory once.
            for start, stop in row_parts(self.n_cells, 1024):
                values[:, start:stop] = _dense(self._matrix[start:stop, genes]).T
        yield 0, values


class CsrGenes(GeneSource):
    """A scipy CSR matrix or array: each row is searched, where it is sorted by gene."""

    def __init__(self, matrix: _Compressed) -> None:
        super().__init__(matrix.shape)
        self._matrix = matrix

    def _blocks(self, genes: NDArray[np.intp]) -> Blocks:
        rows = Rows(self._matrix.indptr, self._matrix.indices, self._matrix.data)
        step = max(1, VALUES_A_STEP // len(genes)) if len(genes) > 1 else max(VALUES_A_STEP // 4, 1)
        read = partial(_csr_part, rows, genes, _order.is_sorted(rows))
        parts = row_parts(self.n_cells, step)
        start = 0
        for values in map(read, parts) if self.n_cells <= step else in_order(read, parts):
            yield start, values
            start += values.shape[1]


def _csr_part(rows: Rows, genes: NDArray[np.intp], rows_are_sorted: bool, part: tuple[int, int]) -> NDArray[np.float32]:
    return _float32(columns(rows, *part, genes, rows_are_sorted))


class CscGenes(GeneSource):
    """A scipy CSC matrix or array: a gene's entries lie together."""

    def __init__(self, matrix: _Compressed) -> None:
        super().__init__(matrix.shape)
        self._matrix = matrix

    def _blocks(self, genes: NDArray[np.intp]) -> Blocks:
        values = np.empty((len(genes), self.n_cells), dtype=np.float32)
        for k, gene in enumerate(genes):
            entries = slice(self._matrix.indptr[gene], self._matrix.indptr[gene + 1])
            values[k] = csc_column(self.n_cells, self._matrix.indices[entries], self._matrix.data[entries])
        yield 0, values


class SubsetGenes(GeneSource):
    """Rows and columns of another source: a view of an AnnData, whose matrix anndata would copy at each access."""

    def __init__(self, whole: GeneSource, cells: NDArray[np.intp], genes: NDArray[np.intp]) -> None:
        super().__init__((len(cells), len(genes)))
        self._whole = whole
        self._cells = cells
        self._genes = genes

    def _blocks(self, genes: NDArray[np.intp]) -> Blocks:
        wanted, where = np.unique(self._genes[genes], return_inverse=True)
        places = np.argsort(self._cells, kind="stable")
        cells = self._cells[places]
        in_order = np.array_equal(places, np.arange(len(places)))
        found = np.empty((len(genes), self.n_cells), dtype=np.float32)
        for start, values in self._whole.parts(wanted):
            first, last = np.searchsorted(cells, (start, start + values.shape[1]))
            found[:, places[first:last]] = values[where][:, cells[first:last] - start]
            # Nothing yet where the cells are in another order: but who cancels is heard.
            yield int(first), found[:, first:last] if in_order else found[:, :0]
        if not in_order:
            yield 0, found


def csc_column(n_cells: int, cells: NDArray[Any], values: NDArray[Any]) -> NDArray[np.float32]:
    """One gene's values, ``(n_cells,)``, from its entries; a cell's duplicates sum as they do in scipy.

    Raises:
        IndexError: An entry is of a cell that there is not.
    """
    if values.dtype == np.float32 and (cells.size < 2 or (cells[1:] > cells[:-1]).all()):
        column = np.zeros(n_cells, dtype=np.float32)
        column[cells] = values
        return column
    summed = np.zeros(n_cells, dtype=values.dtype)
    np.add.at(summed, cells, values)
    return _float32(summed)


def _dense(part: NDArray[Any]) -> NDArray[np.float32]:
    values = float32_copy(np.ma.getdata(part))
    if isinstance(part, np.ma.MaskedArray):
        values[np.ma.getmaskarray(part)] = np.nan
    return values


def _float32(values: NDArray[Any]) -> NDArray[np.float32]:
    """Values that nobody else has, as float32; not copied where they are that already."""
    return values if values.dtype == np.dtype("<f4") else float32_copy(values)


@gene_source.register(np.ndarray)
def _(matrix: NDArray[Any], lock: Lock | None = None) -> GeneSource:
    check_matrix(matrix.shape, matrix.dtype)
    return DenseGenes(matrix)


# scipy's matrix and array classes share no public base class of one format.
@gene_source.register(sparse.csr_matrix)
@gene_source.register(sparse.csr_array)
def _(matrix: _Compressed, lock: Lock | None = None) -> GeneSource:
    check_matrix(matrix.shape, matrix.data.dtype)
    return CsrGenes(matrix)


@gene_source.register(sparse.csc_matrix)
@gene_source.register(sparse.csc_array)
def _(matrix: _Compressed, lock: Lock | None = None) -> GeneSource:
    check_matrix(matrix.shape, matrix.data.dtype)
    return CscGenes(matrix)
