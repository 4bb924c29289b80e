"""The two JSON documents that describe a dataset, from values alone."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.dataset.encode import missing_code
from cellucid.dataset.paths import NAMES_A_BLOCK, categories_path, cell_names_path, codes_path, values_path
from cellucid.dataset.references import unambiguous

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pandas as pd

    from cellucid.dataset.base import Dataset, Embedding, Field

FORMAT = "cellucid-manifest-1"
MAX_OTHER_COLUMNS = 8
MAX_NAME_LENGTH = 40
"""Characters that the other names in a column have at most on average: Ensembl's have 15, descriptions 50 and more."""
INLINE_CATEGORIES = 1_000
"""Fields with more categories keep them in a resource of their own."""


def manifest(dataset: Dataset) -> dict[str, Any]:
    """All that the viewer needs to start."""
    return {
        "format": FORMAT,
        "id": dataset.id,
        "name": dataset.name,
        "n_cells": dataset.n_cells,
        "n_genes": dataset.n_genes,
        "embeddings": [embedding_entry(dataset.embedding(key)) for key in dataset.embeddings],
        "fields": [field_entry(field) for field in dataset.fields],
        "layers": dataset.layers,
        "default_layer": dataset.default_layer,
        "cell_names": {"path": cell_names_path("{block}"), "block": NAMES_A_BLOCK} if dataset.has_cell_names else None,
    }


def field_entry(field: Field) -> dict[str, Any]:
    """A field's entry in the manifest."""
    n_categories = field.n_categories
    if n_categories is None:
        return {"key": field.key, "kind": field.kind, "path": values_path(field.key)}
    entry: dict[str, Any] = {
        "key": field.key,
        "kind": field.kind,
        "path": codes_path(field.key, n_categories),
        "missing": missing_code(n_categories),
        "n_categories": n_categories,
    }
    if n_categories > INLINE_CATEGORIES:
        return entry | {"categories_path": categories_path(field.key)}
    return entry | category_listing(field)


def gene_listing(genes: pd.Index[Any]) -> dict[str, Any]:
    """The names of genes that can be shown, in their order, and how many others are carried by several columns."""
    clear = unambiguous(genes)
    return {"genes": [str(gene) for gene in clear], "ambiguous": genes.nunique(dropna=False) - len(clear)}


def other_names_listing(genes: pd.Index[Any], others: Mapping[str, pd.Index[Any]]) -> dict[str, Any]:
    """Other names of the genes in `gene_listing`, in its order, "" for none; without texts too long to be names."""
    clear = ~genes.duplicated(keep=False)
    shown = genes[clear]
    columns: list[dict[str, Any]] = []
    for label, names in others.items():
        texts = np.where(names[clear] == shown, "", names[clear]).tolist()
        if len(columns) < MAX_OTHER_COLUMNS and 0 < sum(map(len, texts)) <= MAX_NAME_LENGTH * len(texts):
            columns.append({"column": label, "names": texts})
    return {"columns": columns}


def category_listing(field: Field) -> dict[str, Any]:
    """A categorical field's categories and colours."""
    return {"categories": list(field.categories or ()), "colors": list(field.colors or ())}


def identity(dataset: Dataset, created_at: datetime) -> dict[str, Any]:
    """Cellucid's ``dataset_identity.json``, version 2 as the package's 0.0.9 wrote it.

    Args:
        dataset: The dataset.
        created_at: When it was opened, in UTC.
    """
    fields = dataset.fields
    n_categorical = sum(field.kind == "categorical" for field in fields)
    default = dataset.embedding(dataset.embeddings[0])
    return {
        "version": 2,
        "id": dataset.id,
        "name": dataset.name,
        "description": "",
        "created_at": created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "cellucid_data_version": package_version(),
        "stats": {
            "n_cells": dataset.n_cells,
            "n_genes": dataset.n_genes,
            "n_obs_fields": len(fields),
            "n_categorical_fields": n_categorical,
            "n_continuous_fields": len(fields) - n_categorical,
            "has_connectivity": False,
            "n_edges": None,
        },
        "embeddings": {
            "available_dimensions": [default.dimensions],
            "default_dimension": default.dimensions,
            "files": {f"{default.dimensions}d": default.path},
        },
        "obs_fields": [_identity_field(field) for field in fields],
        "export_settings": {
            "compression": None,
            "var_quantization": None,
            "obs_continuous_quantization": None,
            "obs_categorical_dtype": None,
        },
    }


def embedding_entry(embedding: Embedding) -> dict[str, Any]:
    """An embedding's entry in the manifest."""
    return {
        "key": embedding.key,
        "dimensions": embedding.dimensions,
        "path": embedding.path,
        "min": list(embedding.min),
        "max": list(embedding.max),
        "n_placed": embedding.n_placed,
    } | ({"y_down": True} if embedding.y_down else {})


def _identity_field(field: Field) -> dict[str, Any]:
    if field.n_categories is None:
        return {"key": field.key, "kind": "continuous"}
    return {"key": field.key, "kind": "category", "n_categories": field.n_categories}


def package_version() -> str:
    """The version of this package."""
    try:
        return metadata.version("cellucid")
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
