"""Freezing data into an export folder, beside the package whose format it is; each run in a process of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sample
from anndata import AnnData
from scipy import sparse
from table import Row

ROOT = Path(__file__).resolve().parent.parent
PEER = "Cellucid 0.0.9"
N_NEIGHBORS = 15


def run(quick: bool) -> Iterator[Row]:
    """`prepare` with 8 bits and gzip 6, and the neighbour graph alone."""
    n_cells, n_genes, turns = (2_000, 50, 1) if quick else (100_000, 2_000, 3)
    sys.path.insert(0, str(ROOT / "tests"))
    import reference

    environment = reference.environment() if reference.is_installed() else None
    absent = "" if environment else "Cellucid 0.0.9 is not installed: `make reference` installs it."
    size = f"{n_cells:,} x {n_genes:,}"
    for job, what in (
        ("prepare", f"prepare, {size}, 8 bit, gzip 6"),
        ("edges", f"neighbour graph to edges, {n_cells:,} cells"),
    ):
        ours: list[dict[str, float]] = []
        theirs: list[dict[str, float]] = []
        for _ in range(turns):
            ours.append(measure(job, "ours", n_cells, n_genes, None))
            if environment is not None:
                theirs.append(measure(job, "theirs", n_cells, n_genes, environment))
        yield _row(what, "s", "seconds", ours, theirs, absent)
        if job == "prepare":
            memory = "Above the memory that holds the data, at its highest."
            yield _row("  its memory", "bytes", "memory", ours, theirs, absent or memory)
            yield _row("  its folder", "bytes", "folder", ours, theirs, absent)


def _row(what: str, unit: str, key: str, ours: Any, theirs: Any, note: str) -> Row:
    return Row("exports", what, unit, PEER, [one[key] for one in ours], [one[key] for one in theirs], note)


def measure(job: str, side: str, n_cells: int, n_genes: int, environment: dict[str, str] | None) -> dict[str, float]:
    """One run in a fresh process."""
    command = [sys.executable, "-W", "ignore", __file__, job, side, str(n_cells), str(n_genes)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


# ---- in that process ----


def cells(n_cells: int, n_genes: int) -> AnnData:
    """Bootstrapped cells and genes, and each cell's neighbours among those near it in the embedding."""
    data = sample.plot_cells(n_cells)
    counts = sample.counts(n_cells, n_genes, 0.05)
    whole = AnnData(counts, obs=data.obs, obsm=dict(data.obsm), uns=data.uns)
    whole.obsm["X_pca"] = np.random.default_rng(sample.SEED).normal(size=(n_cells, 30)).astype(np.float32)
    whole.obsp["connectivities"] = neighbors(whole.obsm["X_umap"])
    return whole


def neighbors(points: np.ndarray) -> sparse.csr_matrix[Any]:
    """A symmetric graph as scanpy makes it: about 15 neighbours of each cell."""
    from scipy.spatial import cKDTree

    n_cells = len(points)
    _, found = cKDTree(points).query(points, N_NEIGHBORS + 1)
    rows = np.repeat(np.arange(n_cells), N_NEIGHBORS)
    graph = sparse.csr_matrix((np.ones(rows.size, np.float32), (rows, found[:, 1:].ravel())), shape=(n_cells, n_cells))
    return (graph + graph.T).tocsr()


def main(job: str, side: str, n_cells: int, n_genes: int) -> dict[str, float]:
    """Makes the data, does the job once, and tells what it took."""
    data = cells(n_cells, n_genes if job == "prepare" else 1)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        work = (our if side == "ours" else their)(job, data, out)
        held = _memory("VmRSS")
        _forget_peak()
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
        peak = _memory("VmHWM")
        size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    return {"seconds": seconds, "memory": float(max(peak - held, 0)), "folder": float(size)}


def our(job: str, data: AnnData, out: Path) -> Any:
    """This package's way."""
    from cellucid import prepare
    from cellucid.export.neighbors import find_edges

    if job == "edges":
        return lambda: find_edges(data.obsp["connectivities"], data.n_obs)
    return lambda: prepare(data, out, var_quantization=8, obs_continuous_quantization=8, compression=6, progress=False)


def their(job: str, data: AnnData, out: Path) -> Any:
    """Cellucid's, which has no public way to make edges but that of its adapter."""
    from cellucid import AnnDataAdapter, prepare

    if job == "edges":
        return AnnDataAdapter(data).get_connectivity_edges
    return lambda: prepare(
        latent_space=data.obsm["X_pca"],
        obs=data.obs,
        var=data.var,
        gene_expression=data.X,
        connectivities=data.obsp["connectivities"],
        X_umap_2d=data.obsm["X_umap"],
        out_dir=out,
        var_quantization=8,
        obs_continuous_quantization=8,
        compression=6,
    )


def _memory(name: str) -> int:
    """What Linux says of this process, in bytes; 0 elsewhere."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)


def _forget_peak() -> None:
    """Has Linux begin anew with the highest memory."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
