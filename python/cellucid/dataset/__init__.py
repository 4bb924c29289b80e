"""What is shown: a dataset is a tree of named resources, whatever the data are stored in."""

from __future__ import annotations

from cellucid.dataset.anndata import AnnDataDataset
from cellucid.dataset.base import Dataset, Embedding, Field, FieldRef, FieldValues, Listed
from cellucid.dataset.errors import (
    AmbiguousGene,
    DatasetChanged,
    DatasetError,
    UnknownEmbedding,
    UnknownField,
    UnknownLayer,
    UnknownResource,
)
from cellucid.dataset.folder import FolderDataset
from cellucid.dataset.open import open_dataset
from cellucid.dataset.resource import Resource

__all__ = [
    "AmbiguousGene",
    "AnnDataDataset",
    "Dataset",
    "DatasetChanged",
    "DatasetError",
    "Embedding",
    "Field",
    "FieldRef",
    "FieldValues",
    "FolderDataset",
    "Listed",
    "Resource",
    "UnknownEmbedding",
    "UnknownField",
    "UnknownLayer",
    "UnknownResource",
    "open_dataset",
]
