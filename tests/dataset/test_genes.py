from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from cellucid.dataset import DatasetError
from cellucid.dataset.genes import SubsetGenes, gene_source
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


@st.composite
def entries(draw: st.DrawFn) -> sparse.csr_array:
    """A CSR array whose rows are unsorted and name genes several times."""
    n_cells, n_genes = draw(st.integers(1, 10)), draw(st.integers(1, 6))
    counts = draw(st.lists(st.integers(0, 9), min_size=n_cells, max_size=n_cells))
    total = sum(counts)
    indices = draw(st.lists(st.integers(0, n_genes - 1), min_size=total, max_size=total))
    data = draw(st.lists(st.integers(-9, 9), min_size=total, max_size=total))
    dtype = draw(st.sampled_from([np.float32, np.int64, np.int8]))
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csr_array(
        (np.array(data, dtype=dtype), np.array(indices, dtype=np.int32), indptr), (n_cells, n_genes)
    )


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.csc_matrix])
@settings(max_examples=50)
@given(rows=entries(), step=st.sampled_from([1, 3, 1 << 20]))
def test_unsorted_and_duplicate_entries_give_what_scipy_gives(make: Any, rows: Any, step: int) -> None:
    transposed = make in (sparse.csc_array, sparse.csc_matrix)
    shape = rows.shape[::-1] if transposed else rows.shape
    matrix = make((rows.data, rows.indices, rows.indptr), shape)
    expected = matrix.toarray()
    before = [part.copy() for part in (matrix.data, matrix.indices, matrix.indptr)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "STEP", step)
        for j in range(shape[1]):
            assert np.array_equal(gene_source(matrix).column(j), expected[:, j].astype(np.float32))
    assert all(map(np.array_equal, before, (matrix.data, matrix.indices, matrix.indptr)))


@settings(max_examples=20)
@given(matrix=matrices, data=st.data())
def test_a_subset_has_the_rows_and_columns_it_names(matrix: np.ndarray, data: st.DataObject) -> None:
    cells = np.array(data.draw(st.lists(st.integers(0, matrix.shape[0] - 1))), dtype=np.intp)
    genes = np.array(data.draw(st.lists(st.integers(0, matrix.shape[1] - 1))), dtype=np.intp)
    source = SubsetGenes(gene_source(sparse.csr_matrix(matrix)), cells, genes)
    for j in range(len(genes)):
        assert np.array_equal(source.column(j), matrix[np.ix_(cells, genes)][:, j].astype(np.float32))


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
