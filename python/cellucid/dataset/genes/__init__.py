"""Genes' columns out of a cells x genes matrix, in whatever way it is stored, without copying or changing it.

A strategy for each kind of container; `gene_source` picks it by type. To add one: a `GeneSource` and a function
registered with `gene_source`, in a module that is imported here (or listed in `source.py`, where its package is
optional).
"""

from __future__ import annotations

import cellucid.dataset.genes.hdf5  # noqa: F401 (registers its containers)
from cellucid.dataset.genes.memory import SubsetGenes
from cellucid.dataset.genes.source import Cancelled, GeneSource, gene_source

__all__ = ["Cancelled", "GeneSource", "SubsetGenes", "gene_source"]
