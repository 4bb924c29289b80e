"""One gene's values for all cells, out of a matrix in memory, as a dense float32 column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import sample
from table import Row
from turns import take_turns

from cellucid.dataset.genes import gene_source

Column = Callable[[int], Any]


def run(quick: bool) -> Iterator[Row]:
    """CSR, CSC and dense, each against the line that a person would write."""
    n_cells, n_genes, density = (5_000, 200, 0.05) if quick else (100_000, 2_000, 0.05)
    csr = sample.counts(n_cells, n_genes, density)
    size = f"{n_cells:,} x {n_genes:,}"
    filled = f"{csr.nnz / n_cells / n_genes:.0%} filled"
    scipy = "scipy X[:, j].toarray()"
    yield compare(f"gene from CSR, {size}, {filled}", csr, lambda j: csr[:, j].toarray().ravel(), scipy, quick)
    csc = csr.tocsc()
    yield compare(f"gene from CSC, {size}, {filled}", csc, lambda j: csc[:, j].toarray().ravel(), scipy, quick)
    dense = csr.toarray()
    yield compare(
        f"gene from a dense array, {size}", dense, lambda j: dense[:, j].copy(), "numpy X[:, j].copy()", quick
    )


def compare(what: str, matrix: Any, peer: Column, peer_name: str, quick: bool) -> Row:
    """Times both on other genes at each turn, the same for both; they must agree."""
    ours = gene_source(matrix).column
    rng = np.random.default_rng(sample.SEED)
    genes = rng.choice(matrix.shape[1], 200, replace=False).tolist()
    np.testing.assert_array_equal(ours(genes[-1]), peer(genes[-1]))
    mine, other = take_turns(lambda turn: ours(genes[turn]), lambda turn: peer(genes[turn]), 1 if quick else 15)
    return Row("genes", what, "s", peer_name, mine, other)
