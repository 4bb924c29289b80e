"""Small matrices with everything that a sparse matrix may have: empty rows, unsorted rows, entries named twice."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

DTYPES = (np.float32, np.float64, np.int64, np.int32, np.int8, np.uint8, np.uint16, np.bool_)


@st.composite
def entries(draw: st.DrawFn, sorted_rows: bool = False) -> sparse.csr_array:
    """A CSR array whose rows are unsorted and name genes several times; or sorted, and still naming them so."""
    n_cells, n_genes = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    counts = draw(st.lists(st.integers(0, 9), min_size=n_cells, max_size=n_cells))
    total = sum(counts)
    indices = np.array(draw(st.lists(st.integers(0, n_genes - 1), min_size=total, max_size=total)), dtype=np.int64)
    dtype = draw(st.sampled_from(DTYPES))
    elements = st.integers(0, 300) if draw(st.booleans()) else st.integers(-9, 9)
    data = np.array(draw(st.lists(elements, min_size=total, max_size=total))).astype(dtype)
    if np.dtype(dtype).kind == "f" and draw(st.booleans()):
        data = data / dtype(7)
        data[data == dtype(1)] = np.nan
    indptr = np.concatenate([[0], np.cumsum(counts)])
    if sorted_rows:
        for start, stop in pairwise(indptr):
            indices[start:stop].sort()
    index = draw(st.sampled_from([np.int32, np.int64]))
    matrix = sparse.csr_array((data, indices.astype(index), indptr.astype(index)), (n_cells, n_genes))
    # scipy takes the smallest index type that fits.
    matrix.indices, matrix.indptr = indices.astype(index), indptr.astype(index)
    return matrix


def expected(matrix: Any) -> np.ndarray:
    """What all genes should be, gene after gene, as float32: what scipy makes of it, without being shown the matrix.

    Entries are added one after the other in the matrix's own type.
    """
    dense = np.zeros(matrix.shape, dtype=matrix.data.dtype)
    outer = np.repeat(np.arange(len(matrix.indptr) - 1), np.diff(matrix.indptr))
    where = (outer, matrix.indices) if matrix.format == "csr" else (matrix.indices, outer)
    np.add.at(dense, where, matrix.data)
    return dense.T.astype(np.float32)
