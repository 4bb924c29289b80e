"""`prepare`: makes the plan of an export, its folder and its threads, and has everything written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from cellucid.dataset.folder.names import safe_name
from cellucid.dataset.open import open_dataset
from cellucid.export.place import check_place, clear_up, find_place, new_folder
from cellucid.export.plan import Settings, make_plan
from cellucid.export.workers import Workers
from cellucid.export.writer import ExportWriter

if TYPE_CHECKING:
    from cellucid.dataset.folder.quantization import Bits


def prepare(
    data: object,
    out_dir: str | os.PathLike[str],
    *,
    dataset: str | None = None,
    embeddings: Sequence[str] | None = None,
    obs_keys: Sequence[str] | None = None,
    genes: Sequence[str] | None = None,
    layer: str | None = None,
    latent_key: str | None = None,
    vector_fields: Sequence[str] | Mapping[str, Any] | None = None,
    var_quantization: Bits | None = None,
    obs_continuous_quantization: Bits | None = None,
    compression: int | None = None,
    centroid_outlier_quantile: float | None = 0.95,
    centroid_min_points: int = 10,
    dataset_id: str | None = None,
    dataset_name: str | None = None,
    dataset_description: str = "",
    source_name: str | None = None,
    source_url: str | None = None,
    source_citation: str | None = None,
    created_at: datetime | str | None = None,
    force: bool = False,
    progress: bool = True,
) -> Path:
    """Freeze data into an export folder: a viewer's data on any static host, and for Cellucid's own package.

    The folder is written beside its place and takes it when it is whole. Genes are read in blocks, and quantised and
    compressed on all cores, so memory does not grow with their number. The same data with the same `created_at` give
    the same bytes.

    What Cellucid's format has no room for is in files of our own that its servers ignore: the cells' names, the
    original scale of the coordinates, further embeddings, the colours of categories.

    Args:
        data: Anything that :func:`cellucid.open_dataset` takes. It is only read.
        out_dir: The folder to make; ``~`` is the home folder.
        dataset: The id of the dataset, where `data` is a folder of several.
        embeddings: Keys of the embeddings to export, or one; by default all. Cellucid shows one for each number of
            dimensions: the first of these, by default of those of the basis of the first (``X_umap``, ``X_umap_3d``).
        obs_keys: Obs columns to export, or one; by default all.
        genes: Genes to export, by name, or one; by default all of the matrix, none for ``[]``.
        layer: The matrix that genes come from: ``"X"``, ``"raw"`` or a layer's name; None is scanpy's rule.
        latent_key: The ``obsm`` key of the space in which it is measured how far out a cell lies in its category; by
            default the first of scANVI, scVI, PCA and Harmony that is there. Without one that is unknown.
        vector_fields: ``obsm`` keys of vector fields, or one, or arrays ``(n_cells, d)`` by name, in the coordinates of
            the embedding of that number of dimensions; by default those named after one (``velocity_umap``).
        var_quantization: 8 or 16 bits for each value of a gene, between its smallest and largest; None for float32.
        obs_continuous_quantization: The same for numbers in obs.
        compression: gzip's level, 1 to 9; None for none.
        centroid_outlier_quantile: Of the distances in a category, beyond which cells do not count for its label's place
            in the plot; None for no labels.
        centroid_min_points: How many cells a category needs for a label.
        dataset_id: What sessions and lists name the dataset by; by default `dataset_name` or the folder's name, in
            letters, digits, ``.``, ``_`` and ``-``.
        dataset_name: What people call it; the folder's name by default.
        dataset_description: What is in it.
        source_name: Where it comes from.
        source_url: Its address.
        source_citation: How to cite it.
        created_at: When, in UTC: a datetime or ``"2026-01-31T12:00:00Z"``; now by default.
        force: Replace an export that is there.
        progress: Show a progress bar.

    Returns:
        The folder.

    Raises:
        TypeError: `data` is nothing that can be opened.
        DatasetError: What is asked for is not there or cannot be exported: two names that come to the same file, a gene
            that is there twice, more than 65,534 categories. Nothing is written.
        ValueError: An argument is out of its range.
        FileExistsError: There is something at `out_dir`; what helps is said.
    """
    settings = Settings(
        var_bits=var_quantization,
        obs_bits=obs_continuous_quantization,
        compression=compression,
        outlier_quantile=centroid_outlier_quantile,
        min_points=centroid_min_points,
    )
    place = find_place(out_dir)
    name = place.name if dataset_name is None else dataset_name
    about = {
        "id": safe_name(name) if dataset_id is None else dataset_id,
        "name": name,
        "description": dataset_description,
        "created_at": _time(created_at),
    }
    source = {"name": source_name, "url": source_url, "citation": source_citation}
    clear_up(place)
    check_place(place, force)
    opened = open_dataset(data, dataset=dataset)
    try:
        plan = make_plan(opened, embeddings, obs_keys, genes, layer, latent_key, vector_fields)
        with (
            new_folder(place, force) as folder,
            tqdm(total=len(plan.fields) + len(plan.genes), desc=place.name, unit="column", disable=not progress) as bar,
        ):
            with Workers() as workers:
                export = ExportWriter(opened, plan, settings, folder, workers, bar.update)
                export.write(about)
            # Last: what has no identity is no export.
            export.write_identity(about, source)
    finally:
        if opened is not data:
            opened.close()
    return place


def _time(when: datetime | str | None) -> str:
    if isinstance(when, str):
        try:
            when = datetime.fromisoformat(when)
        except ValueError:
            raise ValueError(f"created_at is {when!r}; expected a time such as '2026-01-31T12:00:00Z'") from None
    when = datetime.now(UTC) if when is None else when
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
