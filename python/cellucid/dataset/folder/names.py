"""How Cellucid's export folders name the files of fields and genes."""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_DIMENSIONS = re.compile(r"_?[123]d$", re.IGNORECASE)


def safe_name(key: str) -> str:
    """A key as Cellucid 0.0.9 writes it into file names: ``CD3/D`` is ``CD3_D``. Different keys may come to the same.

    Each run of characters other than ASCII letters, digits, ``.``, ``_`` and ``-`` becomes one ``_``; ``.`` and ``_``
    at the ends go; what is empty then is ``field``.
    """
    return _UNSAFE.sub("_", key).strip("._") or "field"


def basis_of(embedding: str) -> str:
    """What an embedding is of: ``X_umap``, ``X_umap_3d`` and ``umap_2d`` are of ``umap``."""
    return _DIMENSIONS.sub("", embedding).removeprefix("X_")
