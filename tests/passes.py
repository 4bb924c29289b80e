"""A pass over a CSR file, block by block as a test lets it go on."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from cellucid.dataset.genes import blocks

N_CELLS, N_GENES = 400, 30
GENE = "var/g3.values.f32"


def counts(seed: int = 0) -> sparse.csr_matrix:
    rng = np.random.default_rng(seed)
    return sparse.csr_matrix(sparse.random_array((N_CELLS, N_GENES), density=0.3, dtype=np.float32, rng=rng))


def values(gene: int = 3, seed: int = 0) -> bytes:
    """The bytes of one gene."""
    return counts(seed).toarray()[:, gene].astype("<f4").tobytes()


def write(path: Path, seed: int = 0) -> Path:
    """A file of many small blocks."""
    adata = ad.AnnData(counts(seed), obs=pd.DataFrame(index=[f"c{n}" for n in range(N_CELLS)]))
    adata.var_names = [f"g{n}" for n in range(N_GENES)]
    adata.obsm["X_umap"] = np.random.default_rng(1).normal(size=(N_CELLS, 2)).astype(np.float32)
    adata.write_h5ad(path, compression="gzip")
    return path


class SlowPass:
    """Reads a block of the file when the test allows one more; until then, whoever needs it waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.blocks: list[int] = []
        """The blocks that were read, whoever read them."""
        self.wanted = threading.Semaphore(0)
        """Released whenever somebody comes to wait for a block."""
        self._allowed = threading.Semaphore(0)
        self._free = False
        self._error: BaseException | None = None
        monkeypatch.setattr(blocks, "BLOCK_BYTES", 4_000)
        real = blocks.BlockReader.read

        def read(reader: Any, block: int) -> Any:
            self.wanted.release()
            if not self._free:
                assert self._allowed.acquire(timeout=30), "the test allowed no block"
            if self._error is not None:
                raise self._error
            self.blocks.append(block)
            return real(reader, block)

        monkeypatch.setattr(blocks.BlockReader, "read", read)

    def allow(self, count: int) -> None:
        """Let the next blocks be read."""
        for _ in range(count):
            self._allowed.release()

    def finish(self) -> None:
        """Let all others be read."""
        self._free = True
        self.allow(1)

    def fail(self, error: BaseException | None) -> None:
        """Whoever reads a block from now on meets an error; None ends that."""
        self._error = error
