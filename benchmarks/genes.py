"""One gene's values for all cells as a dense float32 column, out of a matrix in memory and out of files."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import sample
import zarr
from table import Row
from turns import take_turns

from cellucid.dataset.genes import gene_source, kernels

Column = Callable[[int], Any]

PANEL = 64
PASS = Path(__file__).with_name("gene_pass.py")
BACKED = "anndata backed X[:, j]"
AGAIN = "The index was there: the file had been opened and read by another process."
PLAIN = "What Cellucid 0.0.9's adapter calls for a file that it opened itself."
PEAK = "Of the whole process, anndata imported on both sides."


def run(quick: bool) -> Iterator[Row]:
    """In memory CSR of two shapes, CSC and dense; then files, each against the line that a person would write."""
    yield from in_memory(quick)
    n_cells, n_genes, density = (5_000, 200, 0.05) if quick else (100_000, 20_000, 0.084)
    csr = sample.counts(n_cells, n_genes, density)
    size = f"{n_cells:,} x {n_genes:,}"
    yield from csr_rows(f"CSR, {size}", csr, quick)
    with tempfile.TemporaryDirectory(prefix="cellucid-bench-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from in_files(Path(folder), csr, size, quick)


def in_memory(quick: bool) -> Iterator[Row]:
    """Many cells, and the other ways of storing a matrix."""
    scipy = "scipy X[:, j].toarray()"
    n_cells, n_genes = (5_000, 200) if quick else (1_000_000, 2_000)
    csr = sample.counts(n_cells, n_genes, 0.05)
    yield from csr_rows(f"CSR, {n_cells:,} x {n_genes:,}", csr, quick)
    few = csr[: n_cells // 10]
    size = f"{n_cells // 10:,} x {n_genes:,}"
    csc, dense = few.tocsc(), few.toarray()
    yield compare(f"gene from CSC, {size}", gene_source(csc), lambda j: csc[:, j].toarray().ravel(), scipy, quick)
    peer = "numpy X[:, j].copy()"
    yield compare(f"gene from a dense array, {size}", gene_source(dense), lambda j: dense[:, j].copy(), peer, quick)


def csr_rows(what: str, csr: Any, quick: bool) -> Iterator[Row]:
    """One gene, and several in one pass."""
    filled = f"{csr.nnz / csr.shape[0] / csr.shape[1]:.1%} filled"
    if not quick:
        # A person's first query is answered by numpy, while numba's kernels are compiled; they last.
        for kernel, parts in (("rows_sorted", ()), ("search", (csr.data.dtype,))):
            kernels.compile_now(kernel, csr.indptr.dtype, csr.indices.dtype, *parts)
    source = gene_source(csr)

    def one(j: int) -> Any:
        return csr[:, j].toarray().ravel()

    yield compare(f"gene from {what}, {filled}", source, one, "scipy X[:, j].toarray()", quick)
    panel = np.random.default_rng(sample.SEED).choice(csr.shape[1], PANEL, replace=False)
    np.testing.assert_array_equal(source.columns(panel)[-1], one(panel[-1]))
    mine, other = take_turns(
        lambda turn: source.columns(panel), lambda turn: [one(j) for j in panel], 1 if quick else 3
    )
    yield Row("genes", f"{PANEL} genes from {what}", "s", f"{PANEL} times scipy X[:, j]", mine, other)


def in_files(folder: Path, csr: Any, size: str, quick: bool) -> Iterator[Row]:
    """Files that anndata wrote: CSR, whose first query reads all of it, and CSC."""
    n_cells = csr.shape[0]
    kinds = (
        ("gzip", {"compression": "gzip"}, ("cellucid", "cellucid without isal")),
        ("plain", {}, ("cellucid",)),
    )
    for name, filters, sides in kinds[:1] if quick else kinds:
        path = folder / f"{name}.h5ad"
        adata = ad.AnnData(csr, obsm={"X_umap": np.zeros((n_cells, 2), dtype=np.float32)})
        adata.write_h5ad(path, **filters)
        for side in sides[:1] if quick else sides:
            yield from first_and_further(path, f"backed CSR h5ad, {name}, {size}", side, quick)
        path.unlink()
    csc = csr.tocsc()
    path = folder / "csc.h5ad"
    ad.AnnData(csc).write_h5ad(path)
    backed = ad.read_h5ad(path, backed="r")
    what, peer = f"gene from backed CSC h5ad, plain, {size}", "adata[:, j].X.toarray()"
    yield compare(what, gene_source(backed.X), lambda j: backed[:, j].X.toarray().ravel(), peer, quick)
    backed.file.close()
    path.unlink()
    for version in (2, 3):
        written = zarr.open_group(folder / f"csc{version}.zarr", mode="w", zarr_format=version)
        ad.io.write_elem(written, "X", csc)
        group = zarr.open_group(folder / f"csc{version}.zarr", mode="r")  # of one to write nothing is kept
        peer_matrix = ad.io.sparse_dataset(group["X"])
        yield compare(
            f"gene from zarr {version} CSC, {size}",
            gene_source(group["X"]),
            lambda j, matrix=peer_matrix: matrix[:, j].toarray().ravel(),
            "sparse_dataset(group)[:, j]",
            quick,
        )


def first_and_further(path: Path, what: str, side: str, quick: bool) -> Iterator[Row]:
    """A process that sees the file for the first time, then one for which the index is there; and anndata."""
    first: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for _ in range(1 if quick else 3):
        with tempfile.TemporaryDirectory(dir=path.parent) as cache:
            first.append(in_a_process(side, path, cache))
            again.append(in_a_process(side, path, cache))
        theirs.append(in_a_process("anndata", path, ""))
    for each in (*first, *again):
        assert math.isclose(each["total"], theirs[0]["total"], rel_tol=1e-4), "the sides disagree"
    how = "" if side == "cellucid" else ", without isal"
    complete = column(theirs, "complete")
    yield Row("genes", f"{what}{how}: first gene", "s", BACKED, column(first, "complete"), complete)
    yield Row("genes", f"{what}{how}: its first rows", "s", BACKED, column(first, "first rows"), complete)
    if not how:
        yield first_served(path, what, quick)
        note = PLAIN if "plain" in what else ""
        further = column(theirs, "further")
        yield Row("genes", f"{what}: a further gene", "s", BACKED, column(first, "further"), further, note)
        yield Row("genes", f"{what}: reopened", "s", BACKED, column(again, "complete"), complete, AGAIN)
        yield Row(
            *("genes", f"{what}: peak memory of the first gene", "bytes", BACKED),
            *(column(first, "peak"), column(theirs, "peak"), PEAK),
        )


def first_served(path: Path, what: str, quick: bool) -> Row:
    """When the first rows of a first gene can leave for the viewer, and when its last."""
    measured = []
    for _ in range(1 if quick else 3):
        with tempfile.TemporaryDirectory(dir=path.parent) as cache:
            measured.append(in_a_process("cellucid served", path, cache))
    first, complete = column(measured, "first rows"), column(measured, "complete")
    return Row("genes", f"{what}: first rows served", "s", "all rows served", first, complete)


def in_a_process(side: str, path: Path, cache: str) -> dict[str, Any]:
    """What gene_pass.py measures."""
    done = subprocess.run(
        [sys.executable, PASS, side, path],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "CELLUCID_CACHE_DIR": cache},
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def column(measured: list[dict[str, Any]], name: str) -> list[float]:
    """One number of each process."""
    return [float(each[name]) for each in measured]


def compare(what: str, source: Any, peer: Column, peer_name: str, quick: bool) -> Row:
    """Times both on other genes at each turn, the same for both; they must agree."""
    rng = np.random.default_rng(sample.SEED)
    genes = rng.choice(source.n_genes, min(source.n_genes, 200), replace=False).tolist()
    np.testing.assert_array_equal(source.column(genes[-1]), peer(genes[-1]))
    repeats = 1 if quick else 15
    mine, other = take_turns(lambda turn: source.column(genes[turn]), lambda turn: peer(genes[turn]), repeats)
    return Row("genes", what, "s", peer_name, mine, other)
