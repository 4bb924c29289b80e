"""The data server in a kernel that computes, beside nginx: the same files, the same client, the same busy machine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from anndata import AnnData
from table import Row

from cellucid import prepare

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from kernels import Kernel, installed_version  # noqa: E402

CLIENTS = (1, 100)
LARGE = 64 * 1024 * 1024
PATIENCE = 60  # s

SERVE = """
import json
from cellucid import open_dataset
from cellucid.server import data_server
server = data_server()
server.start()
small, large = open_dataset({folder!r} + "/small"), open_dataset({folder!r} + "/large")
for dataset in small, large:  # as somebody has looked at them before
    for path in dataset.resources():
        dataset.read(path).etag
places = [server.add(dataset) for dataset in (small, large)]
genes = [path for path in small.resources() if path.startswith("var/") and path.endswith(".f32")]
points = [path for path in large.resources() if path.startswith("embeddings/")]
print(json.dumps([server.port, server.token, [places[0] + gene for gene in genes], [places[1] + points[0]]]))
"""
BUSY = "n = 0\nwhile True:\n    n += 1"
MORE = "Of throughput: above 1 is more here. The same kernel computes, in pure Python, while either side is measured."


@dataclass(frozen=True)
class Site:
    """A server, and the addresses of its files."""

    port: int
    token: str
    small: list[str]
    large: list[str]


def run(quick: bool) -> Iterator[Row]:
    """Bytes a second of a large file, and small ones a second, for one client and for many."""
    missing = [tool for tool in ("nginx", "wrk") if shutil.which(tool) is None]
    n_small, turns, seconds = (100, 1, 1) if quick else (10_000, 5, 3)
    rows = [
        (what, clients, Row("server", f"{named}, {clients} client{'s' * (clients > 1)}", unit, "nginx", note=MORE))
        for what, named, unit in (("large", "one file of 64 MiB", "bytes/s"), ("small", f"{n_small:,} of 4 kB", "1/s"))
        for clients in CLIENTS
    ]
    if missing:
        for _, _, row in rows:
            row.note = f"Not measured without {' and '.join(missing)}: `apt-get install nginx-light wrk` brings them."
            yield row
        return
    with tempfile.TemporaryDirectory(prefix="cellucid-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # nginx's workers are another user where it was started by root
        write_exports(home / "exports", n_small)
        with nginx(home, n_small) as theirs, busy_kernel(home) as ours:
            for mine, other in zip(ours.small[:1] + ours.large, theirs.small[:1] + theirs.large, strict=True):
                assert fetch(ours, mine) == fetch(theirs, other), "the sides serve different bytes"
            for turn in range(turns):
                for what, clients, row in rows:
                    for site in (ours, theirs) if turn % 2 else (theirs, ours):
                        rate = measure(home, site, what, clients, seconds)
                        (row.ours if site is ours else row.theirs).append(rate)
    yield from (row for _, _, row in rows)


def write_exports(exports: Path, n_small: int) -> None:
    """Two export folders: one with many genes of few cells, one with many cells and nothing but where they are."""
    rng = np.random.default_rng(0)
    cells = AnnData(rng.random((1_000, n_small), dtype=np.float32))
    cells.obsm["X_umap"] = rng.random((1_000, 2), dtype=np.float32)
    exports.mkdir()
    prepare(cells, exports / "small", progress=False)
    large = exports / "large"
    large.mkdir()
    n_cells = LARGE // 8
    identity = json.loads((exports / "small" / "dataset_identity.json").read_text())
    identity["stats"] |= {"n_cells": n_cells, "n_genes": 0}
    (large / "dataset_identity.json").write_text(json.dumps(identity))
    fields = {"_obsSchemas": {}, "_continuousFields": [], "_categoricalFields": []}
    (large / "obs_manifest.json").write_text(json.dumps({"_format": "compact_v1", "n_points": n_cells, **fields}))
    (large / "points_2d.bin").write_bytes(rng.random((n_cells, 2), dtype=np.float32).data)


@contextmanager
def nginx(home: Path, n_small: int) -> Iterator[Site]:
    """nginx on a free port, over the export folders."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (home / "nginx.conf").write_text((HERE / "nginx.conf").read_text().replace("PORT", str(port)))
    process = subprocess.Popen(
        ["nginx", "-p", str(home), "-c", str(home / "nginx.conf"), "-e", str(home / "error.log")],
        stderr=subprocess.DEVNULL,
    )
    genes = [f"/small/var/{number}.values.f32" for number in range(n_small)]
    site = Site(port, "none", genes, ["/large/points_2d.bin"])
    try:
        until(lambda: fetch(site, "/small/dataset_identity.json"))
        yield site
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def busy_kernel(home: Path) -> Iterator[Site]:
    """A kernel that serves the export folders and computes."""
    with Kernel(str(installed_version("ipykernel")), home / "kernel") as kernel:
        said = kernel.run(SERVE.format(folder=str(home / "exports"))).stdout
        computing = kernel.begin(BUSY)
        try:
            yield Site(*json.loads(said))
        finally:
            kernel.interrupt()
            computing.end()


def measure(home: Path, site: Site, what: str, clients: int, seconds: int) -> float:
    """Bytes of the large file, or small files, a second."""
    addresses = home / "addresses"
    addresses.write_text("\n".join(getattr(site, what)))
    done = subprocess.run(
        [
            *("wrk", "--threads", "1", "--connections", str(clients), "--duration", f"{seconds}s"),
            *("--timeout", f"{PATIENCE}s", "--script", str(HERE / "requests.lua"), f"http://127.0.0.1:{site.port}"),
        ],
        env={**os.environ, "TOKEN": site.token, "ADDRESSES": str(addresses)},
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["failed"] == 0, said
    return float(said["bytes" if what == "large" else "requests"] / said["microseconds"] * 1e6)


def fetch(site: Site, address: str) -> bytes:
    """One file."""
    request = urllib.request.Request(f"http://127.0.0.1:{site.port}{address}", headers={"X-Cellucid-Token": site.token})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        body: bytes = answer.read()
    return body


def until(attempt: Callable[[], object]) -> None:
    """Try until it works."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            attempt()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
