"""Freezes a dataset into an export folder, which Cellucid's own package reads as well and any static host serves."""

from __future__ import annotations

from cellucid.export.freeze import prepare
from cellucid.export.several import generate_datasets_manifest

__all__ = ["generate_datasets_manifest", "prepare"]
