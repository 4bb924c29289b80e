from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matrices import entries, expected
from scipy import sparse

from cellucid.dataset import DatasetError
from cellucid.dataset.genes import Cancelled, SubsetGenes, gene_source, kernels
from cellucid.dataset.genes import rows as rows_module

matrices = st.sampled_from([np.float32, np.float64, np.int32, np.uint8, np.bool_]).flatmap(
    lambda dtype: hnp.arrays(dtype, st.tuples(st.integers(1, 12), st.integers(1, 8)), elements=st.integers(0, 1))
)

STORED = {
    "dense C": np.ascontiguousarray,
    "dense F": np.asfortranarray,
    "numpy.matrix": np.asmatrix,
    "csr_matrix": sparse.csr_matrix,
    "csr_array": sparse.csr_array,
    "csc_matrix": sparse.csc_matrix,
    "csc_array": sparse.csc_array,
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("kind", STORED)
@settings(max_examples=30)
@given(matrix=matrices)
def test_a_column_is_the_same_however_the_matrix_is_stored(kind: str, matrix: np.ndarray) -> None:
    source = gene_source(STORED[kind](matrix))
    assert (source.n_cells, source.n_genes) == matrix.shape
    for j in range(matrix.shape[1]):
        column = source.column(j)
        assert column.dtype == np.float32
        assert column.shape == (matrix.shape[0],)
        assert np.array_equal(column, matrix[:, j].astype(np.float32))


KINDS = [sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.csc_matrix]


def stored_as(make: Any, rows: sparse.csr_array) -> Any:
    """The same entries in another kind of container; a CSC one is the transpose."""
    csc = make in (sparse.csc_array, sparse.csc_matrix)
    matrix = make((rows.data, rows.indices, rows.indptr), rows.shape[::-1] if csc else rows.shape)
    matrix.indices, matrix.indptr = rows.indices, rows.indptr
    return matrix


def contents(matrix: Any) -> tuple[Any, ...]:
    """Everything that the object is made of."""
    return {*vars(matrix)}, *(part.tobytes() for part in (matrix.data, matrix.indices, matrix.indptr))


@pytest.mark.parametrize("make", KINDS)
@settings(max_examples=50)
@given(rows=st.one_of(entries(), entries(sorted_rows=True)), step=st.sampled_from([1, 3, 1 << 20]))
def test_unsorted_and_duplicate_entries_give_what_scipy_gives(make: Any, rows: Any, step: int) -> None:
    matrix = stored_as(make, rows)
    before = contents(matrix)
    wanted = expected(matrix)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "STEP", step)
        patch.setattr(rows_module, "ROWS_A_SEARCH", step)
        source = gene_source(matrix)
        for j in range(matrix.shape[1]):
            assert np.array_equal(source.column(j), wanted[j], equal_nan=True)
        assert np.array_equal(source.columns(range(matrix.shape[1])), wanted, equal_nan=True)
    assert contents(matrix) == before
    assert np.array_equal(wanted, matrix.toarray().T.astype(np.float32), equal_nan=True)


@settings(max_examples=50, deadline=None)
@given(matrix=st.one_of(entries(), entries(sorted_rows=True)), data=st.data())
def test_numba_and_numpy_find_the_same(matrix: sparse.csr_array, data: st.DataObject) -> None:
    rows = rows_module.Rows(matrix.indptr, matrix.indices, matrix.data)
    genes = np.unique(data.draw(st.lists(st.integers(0, matrix.shape[1] - 1), min_size=1)))
    first = data.draw(st.integers(0, rows.n_rows - 1))
    last = data.draw(st.integers(first + 1, rows.n_rows))
    in_order = rows_module.rows_are_sorted(rows)
    by_numpy = rows_module.columns(rows, first, last, genes, in_order)
    by_looking = rows_module.columns(rows, first, last, genes, in_order=False)
    types = (matrix.indptr.dtype, matrix.indices.dtype)
    assert kernels.compile_now("rows_sorted", *types)
    if matrix.dtype != bool:
        assert kernels.compile_now("search", *types, matrix.dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "WORTH_COMPILING", 0)
        assert rows_module.rows_are_sorted(rows) == in_order
        by_numba = rows_module.columns(rows, first, last, genes, in_order)
    assert by_numba.dtype == by_numpy.dtype == matrix.dtype
    assert np.array_equal(by_numba, by_numpy, equal_nan=matrix.dtype.kind == "f")
    assert np.array_equal(by_numba, by_looking, equal_nan=matrix.dtype.kind == "f")


@pytest.mark.parametrize("by", ["numba", "numpy"])
@pytest.mark.parametrize("genes", [[0], [150], [299], [0, 1, 2, 3, 200, 299], [*range(100, 141)], [*range(1, 300, 7)]])
def test_long_and_empty_rows_are_searched(by: str, genes: list[int], monkeypatch: Any) -> None:
    rng = np.random.default_rng(len(genes))
    dense = rng.poisson(rng.random((1_000, 1)) * rng.random(300)).astype(np.float32)
    dense[rng.random(1_000) < 0.1] = 0
    dense[-70:] = 0
    matrix = sparse.csr_array(dense)
    rows = rows_module.Rows(matrix.indptr, matrix.indices, matrix.data)
    if by == "numba":
        assert kernels.compile_now("search", np.int32, np.int32, np.float32)
        monkeypatch.setattr(kernels, "WORTH_COMPILING", 0)
    for first, last in ((0, 1_000), (3, 700), (930, 1_000)):
        for in_order in (True, False):
            found = rows_module.columns(rows, first, last, np.array(genes), in_order)
            assert np.array_equal(found, dense[first:last, genes].T)


@pytest.mark.parametrize("n_genes", [1, 3])
def test_a_matrix_of_many_rows_is_read_by_all_threads(n_genes: int) -> None:
    rng = np.random.default_rng(0)
    matrix = sparse.random_array((200_000, 5), density=0.3, format="csr", dtype=np.float32, rng=rng)
    genes = [4, 0, 2][:n_genes]
    assert np.array_equal(gene_source(matrix).columns(genes), matrix.toarray().T[genes])


@pytest.mark.parametrize("step", [1, 1 << 20])
@pytest.mark.parametrize("threads", [1, 3])
def test_rows_that_overlap_are_an_error_and_no_crash(step: int, threads: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(rows_module, "ROWS_A_SEARCH", step)
    monkeypatch.setattr(kernels, "WORTH_COMPILING", 0 if threads == 1 else 1 << 20)
    kernels.compile_now("rows_sorted", np.int32, np.int32)
    kernels.compile_now("search", np.int32, np.int32, np.float32)
    for indptr in ([0, 9, 3], [0, -5, 3], [0, 2, 99], [-1, 2, 3]):
        matrix = sparse.csr_matrix((2, 2), dtype=np.float32)
        matrix.data, matrix.indices = np.ones(3, np.float32), np.zeros(3, np.int32)
        matrix.indptr = np.array(indptr, np.int32)
        with pytest.raises(DatasetError, match="the matrix is corrupt, its indptr is not ascending"):
            gene_source(matrix).column(0)


def test_arrays_that_the_user_exchanges_are_looked_at_again() -> None:
    matrix = sparse.csr_matrix(([1, 2], [0, 1], [0, 2]), (1, 3))
    source = gene_source(matrix)
    assert source.column(1)[0] == 2
    matrix.indices, matrix.data = np.array([2, 1, 0], np.int32), np.array([7, 8, 9])
    matrix.indptr = np.array([0, 3], np.int32)
    assert source.columns([0, 1, 2])[:, 0].tolist() == [9, 8, 7]


@pytest.mark.parametrize("kind", STORED)
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_several_genes_come_in_the_order_asked_for(kind: str) -> None:
    matrix = np.arange(12, dtype=np.float64).reshape(4, 3)
    found = gene_source(STORED[kind](matrix)).columns([2, 0, 2])
    assert found.dtype == np.float32
    assert np.array_equal(found, matrix.T[[2, 0, 2]])
    assert gene_source(STORED[kind](matrix)).columns([]).shape == (0, 4)


def test_blocks_cover_each_cell_once_in_order() -> None:
    matrix = sparse.random_array((100_000, 3), density=0.1, format="csr", rng=np.random.default_rng(1))
    next_cell = 0
    for start, values in gene_source(matrix).blocks(1):
        assert start == next_cell
        assert np.array_equal(values, matrix[start : start + len(values), [1]].toarray().ravel().astype(np.float32))
        next_cell += len(values)
    assert next_cell == 100_000


def test_who_cancels_gets_no_values() -> None:
    matrix = sparse.random_array((100_000, 3), density=0.1, format="csr", rng=np.random.default_rng(1))
    source = gene_source(matrix)
    with pytest.raises(Cancelled):
        source.column(0, lambda: True)
    asked = iter([False, True])
    blocks = source.blocks(0, lambda: next(asked))
    next(blocks)
    with pytest.raises(Cancelled):
        next(blocks)


@settings(max_examples=20)
@given(matrix=matrices, data=st.data())
def test_a_subset_has_the_rows_and_columns_it_names(matrix: np.ndarray, data: st.DataObject) -> None:
    cells = np.array(data.draw(st.lists(st.integers(0, matrix.shape[0] - 1))), dtype=np.intp)
    genes = np.array(data.draw(st.lists(st.integers(0, matrix.shape[1] - 1))), dtype=np.intp)
    source = SubsetGenes(gene_source(sparse.csr_matrix(matrix)), cells, genes)
    for j in range(len(genes)):
        assert np.array_equal(source.column(j), matrix[np.ix_(cells, genes)][:, j].astype(np.float32))
    wanted = matrix[np.ix_(cells, genes)].T.astype(np.float32)
    assert np.array_equal(source.columns(range(len(genes))[::-1]), wanted[::-1])


@pytest.mark.parametrize("reverse", [False, True])
def test_a_subset_of_a_large_matrix_comes_in_blocks_and_is_cancelled(reverse: bool) -> None:
    rng = np.random.default_rng(1)
    matrix = sparse.random_array((100_000, 3), density=0.1, format="csr", rng=rng, dtype=np.float32)
    cells = np.flatnonzero(rng.random(100_000) < 0.3)[:: -1 if reverse else 1]
    source = SubsetGenes(gene_source(matrix), cells, np.array([2, 0]))
    wanted = matrix.toarray()[cells][:, 0]
    parts = list(source.blocks(1))
    assert np.array_equal(np.concatenate([values for _, values in parts]), wanted)
    assert [start for start, _ in parts] == [0, *np.cumsum([len(values) for _, values in parts])[:-1]]
    assert (len(parts) == 1) == reverse
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        source.column(1, lambda: next(asked))


def test_a_column_is_the_callers_own() -> None:
    matrix = np.asfortranarray(np.ones((3, 2), dtype=np.float32))
    gene_source(matrix).column(0)[:] = 7
    assert matrix.max() == 1


def test_masked_values_are_missing_and_too_large_ones_infinite() -> None:
    masked = np.ma.MaskedArray([[1, 2], [3, 4]], mask=[[False, False], [True, False]])
    assert np.array_equal(gene_source(masked).column(0), [1, np.nan], equal_nan=True)
    assert gene_source(np.array([[1e300]])).column(0)[0] == np.inf


@pytest.mark.parametrize("j", [-1, 2])
def test_a_gene_number_out_of_range_is_an_error(j: int) -> None:
    with pytest.raises(IndexError, match=rf"gene number {j} is out of range: the matrix has 2 genes"):
        gene_source(sparse.csr_matrix((3, 2))).column(j)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (sparse.coo_matrix((2, 2)), "coo_matrix; expected a numpy array or a scipy CSR or CSC matrix"),
        ([[1]], "builtins.list"),
        (np.zeros((2, 2), dtype=complex), "complex128 values"),
        (np.zeros((2, 2), dtype=object), "object values"),
        (np.zeros(2), r"shape \(2,\)"),
    ],
)
def test_a_matrix_that_cannot_be_read_is_named(matrix: Any, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        gene_source(matrix)
