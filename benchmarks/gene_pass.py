"""What one process has to do for genes of a file that it has never seen: run by genes.py, each side in its own.

`python gene_pass.py SIDE FILE` prints, as JSON, the seconds of each step and the peak memory of the process.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

FIRST, FURTHER = 0, (3, 5, 8, 13)


def main(side: str, path: str) -> dict[str, Any]:
    """Asks one side for some genes."""
    if side == "cellucid without isal":
        sys.modules["isal"] = None  # type: ignore[assignment]
    if side == "cellucid served":
        return served(path)
    return ours(path) if side.startswith("cellucid") else theirs(path)


def ours(path: str) -> dict[str, Any]:
    """Our reader on what h5py opens; the index goes to CELLUCID_CACHE_DIR."""
    import h5py

    from cellucid.dataset.genes import gene_source

    with h5py.File(path) as file:
        before = peak_bytes()
        start = time.perf_counter()
        source = gene_source(file["X"])
        first_rows = None
        total = 0.0
        for _, values in source.blocks(FIRST):
            first_rows = first_rows or time.perf_counter() - start
            total += float(values.sum(dtype=np.float64))
        complete = time.perf_counter() - start
        further = [seconds(source.column, gene) for gene in FURTHER]
    # Whether the index was there already says which of the two was measured.
    return {
        **{"first rows": first_rows, "complete": complete, "further": float(np.median(further)), "total": total},
        **{"peak": peak_bytes(), "before": before},
    }


def served(path: str) -> dict[str, Any]:
    """What a carrier does with the resource of a gene: it sends what is there, and asks on."""
    from cellucid import open_dataset
    from cellucid.channel.rpc import PATIENCE

    with open_dataset(path) as dataset:
        start = time.perf_counter()
        gene = dataset.read("var/0.values.f32")
        gene.part(0, gene.nbytes, PATIENCE)
        first_rows = time.perf_counter() - start
        total = float(gene.as_array().sum(dtype=np.float64))
        return {"first rows": first_rows, "complete": time.perf_counter() - start, "total": total}


def theirs(path: str) -> dict[str, Any]:
    """What anndata answers when it is asked for a column of a backed matrix."""
    import anndata

    backed = anndata.read_h5ad(path, backed="r")
    before = peak_bytes()
    start = time.perf_counter()
    total = float(backed.X[:, FIRST].toarray().sum(dtype=np.float64))
    complete = time.perf_counter() - start
    further = [seconds(lambda gene: backed.X[:, gene].toarray(), gene) for gene in FURTHER[:2]]
    return {
        **{"complete": complete, "further": float(np.median(further)), "total": total},
        **{"peak": peak_bytes(), "before": before},
    }


def seconds(read: Any, gene: int) -> float:
    """How long reading one gene takes."""
    start = time.perf_counter()
    read(gene)
    return time.perf_counter() - start


def peak_bytes() -> int:
    """The most memory that this process has had so far."""
    if sys.platform == "linux":
        # Not ru_maxrss, which begins with what the process had that started this one.
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
