"""`cellucid serve` on a large file beside a small one: from the start of its process to what a page needs first."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import sample
from anndata import AnnData
from scipy import sparse
from table import Row

COMMAND = (sys.executable, "-m", "cellucid.cli", "serve", "--no-browser", "--quiet")
SMALL = 1_000_000  # bytes of the matrix
LARGE = 1_000_000_000
FEW_GENES = 500
PATIENCE = 120  # s
COMMON = "Both have the same columns in obs. Python and what it imports take most of it."


def run(quick: bool) -> Iterator[Row]:
    """Until the viewer's page and the manifest have come, with each way of storing the matrix."""
    large, named, turns = (2 * SMALL, "2 MB", 0) if quick else (LARGE, "1 GB", 9)
    for kind, n_genes in (("dense", 2_500),) if quick else (("dense", 2_500), ("CSR", 20_000)):
        with tempfile.TemporaryDirectory(prefix="cellucid-bench-") as folder:
            few, small_file = write_cells(Path(folder), kind, SMALL, FEW_GENES)
            many, large_file = write_cells(Path(folder), kind, large, n_genes)
            what = f"start of serve, {kind} h5ad of {named}, {many:,} cells"
            row = Row("starting", what, "s", f"one of 1 MB, {few:,} cells", note=COMMON)
            for turn in range(turns + 1):
                sides = ((large_file, row.ours), (small_file, row.theirs))
                for path, seconds in sides if turn % 2 else reversed(sides):
                    taken = start(path)
                    if turn or quick:  # at first files are read that are then in memory
                        seconds.append(taken)
        yield row


def write_cells(folder: Path, kind: str, n_bytes: int, n_genes: int) -> tuple[int, Path]:
    """A file whose matrix has about so many bytes, and how many cells it has."""
    rng = np.random.default_rng(sample.SEED)
    in_a_row = n_genes // 10  # values of a cell that a sparse matrix stores, 4 bytes each and 4 for where it is
    n_cells = n_bytes // (4 * n_genes if kind == "dense" else 8 * in_a_row)
    cells = sample.plot_cells(n_cells)
    if kind == "dense":
        x = rng.random((n_cells, n_genes), dtype=np.float32)
    else:
        where = np.tile(np.arange(0, n_genes, 10, dtype=np.int32), n_cells)
        starts = np.arange(0, where.size + 1, in_a_row)
        x = sparse.csr_matrix((rng.random(where.size, dtype=np.float32), where, starts), (n_cells, n_genes))
    path = folder / f"{n_cells}.h5ad"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        AnnData(x, obs=cells.obs, obsm=cells.obsm, uns=cells.uns).write_h5ad(path)
    return n_cells, path


def start(path: Path) -> float:
    """Seconds from the start of the process until the page and the manifest are there."""
    begun = time.perf_counter()
    with subprocess.Popen([*COMMAND, path], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            page = fetch(address)
            token = parse_qs(urlsplit(address).query)["viewerToken"][0]
            served = json.loads(fetch(address, "/_cellucid/datasets", token))["datasets"]
            manifest = json.loads(fetch(address, served[0]["path"] + "manifest.json", token))
            seconds = time.perf_counter() - begun
        finally:
            process.terminate()
    assert b"<html" in page
    assert manifest["n_cells"] == int(path.stem)
    return seconds


def fetch(address: str, path: str = "", token: str = "") -> bytes:
    """What is at an address, or at another path of its server."""
    asked = urllib.request.Request(urlsplit(address)._replace(path=path, query="").geturl() if path else address)
    if token:
        asked.add_header("X-Cellucid-Token", token)
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        said: bytes = answer.read()
    return said
