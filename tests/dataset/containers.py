"""The same AnnData in every container that anndata writes, for tests that must not care which."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anndata as ad
import hdf5plugin
import numpy as np
import pandas as pd
import zarr
from scipy import sparse

from cellucid.dataset import Dataset, open_dataset

ZARR_3 = int(zarr.__version__.split(".")[0]) >= 3
"""Whether zarr and anndata write format 3 and shards: those of anndata 0.11 do not."""

FORMATS: dict[str, Callable[[Any], Any]] = {
    "csr": sparse.csr_matrix,
    "csc": sparse.csc_matrix,
    "dense": np.ascontiguousarray,
}
COMPRESSIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "gzip": {"compression": "gzip"},
    "lzf": {"compression": "lzf"},
    "zstd": dict(hdf5plugin.Zstd(clevel=5)),
}

IN_MEMORY = ("csr", "csc", "dense", "fortran", "csr_array", "csc_array")
H5AD = tuple(f"h5ad-{form}-{how}" for form in FORMATS for how in COMPRESSIONS)
ZARR = ("zarr-csr-v2", "zarr-csc-zip", "zarr-dense-v2")
if ZARR_3:
    ZARR += ("zarr-csr-v3", "zarr-csc-sharded", "zarr-dense-sharded")
ON_DISK = (*H5AD, *(name.replace("h5ad", "backed", 1) for name in H5AD if name.endswith(("plain", "zstd"))), *ZARR)
CONTAINERS = (*IN_MEMORY, *ON_DISK)


def with_matrices(adata: ad.AnnData, convert: Callable[[Any], Any]) -> ad.AnnData:
    """A copy whose matrices are all stored in one way."""
    dense = lambda matrix: matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)  # noqa: E731
    made = adata.copy()
    if adata.raw is not None:
        raw = ad.AnnData(convert(dense(adata.raw.X)), var=adata.raw.var, obs=pd.DataFrame(index=adata.obs_names))
        made.raw = raw
    if adata.X is not None:
        made.X = convert(dense(adata.X))
    for name in adata.layers:
        made.layers[name] = convert(dense(adata.layers[name]))
    return made


def store(adata: ad.AnnData, container: str, folder: Path) -> Any:
    """An AnnData in a container: what `open_dataset` takes. Files are written into a folder."""
    in_memory = {**FORMATS, "fortran": np.asfortranarray, "csr_array": sparse.csr_array, "csc_array": sparse.csc_array}
    if container in in_memory:
        return with_matrices(adata, in_memory[container])
    kind, form, how = container.split("-")
    made = with_matrices(adata, FORMATS[form])
    path = folder / f"{container}.{'h5ad' if kind == 'backed' else kind}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr's, of strings and of zip files in format 3
        if kind == "zarr":
            return _store_zarr(made, path, how)
        made.write_h5ad(path, **COMPRESSIONS[how])
    return path if kind == "h5ad" else ad.read_h5ad(path, backed="r")


def _store_zarr(adata: ad.AnnData, path: Path, how: str) -> Path:
    version = 3 if how in ("v3", "sharded") else 2
    with zarr_settings(version):
        if how == "sharded":
            group = zarr.open_group(str(path), mode="w", zarr_format=3)

            def in_shards(write: Any, store: Any, key: str, elem: Any, dataset_kwargs: Any, iospec: Any) -> None:
                if iospec.encoding_type == "array" and getattr(elem, "ndim", 0) > 0 and elem.size > 1:
                    chunks = tuple(max(1, side // 4) for side in elem.shape)
                    dataset_kwargs = {"chunks": chunks, "shards": tuple(2 * side for side in chunks)}
                write(store, key, elem, dataset_kwargs=dataset_kwargs)

            ad.experimental.write_dispatched(group, "/", adata, callback=in_shards)
        elif how == "zip":
            path = path.with_suffix(".zarr.zip")
            zipped = zarr.storage.ZipStore(str(path), mode="w")
            adata.write_zarr(zipped)
            zipped.close()
        else:
            adata.write_zarr(path)
    return path


@contextmanager
def zarr_settings(version: int) -> Any:
    """anndata writes this format of zarr."""
    if not ZARR_3:
        yield
        return
    before = ad.settings.zarr_write_format
    ad.settings.zarr_write_format = version
    try:
        yield
    finally:
        ad.settings.zarr_write_format = before


@contextmanager
def opened(adata: ad.AnnData, container: str, folder: Path, **options: Any) -> Any:
    """The dataset of an AnnData in a container, and its end."""
    data = store(adata, container, folder)
    dataset: Dataset = open_dataset(data, **options)
    try:
        yield dataset
    finally:
        dataset.close()
        if container.startswith("backed"):
            data.file.close()
