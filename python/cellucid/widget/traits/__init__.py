"""The widget's trait types: what each accepts, and what it says when it does not."""

from __future__ import annotations

from cellucid.widget.traits.base import Choice, RangedFloat, RangedInt
from cellucid.widget.traits.camera import CameraTrait
from cellucid.widget.traits.data import (
    DatasetTrait,
    DimensionTrait,
    EmbeddingTrait,
    FieldTrait,
    HoveredTrait,
    LayerTrait,
)
from cellucid.widget.traits.filters import FiltersTrait
from cellucid.widget.traits.looks import ColorLimitsTrait, ColormapTrait
from cellucid.widget.traits.selection import SelectionTrait

__all__ = [
    "CameraTrait",
    "Choice",
    "ColorLimitsTrait",
    "ColormapTrait",
    "DatasetTrait",
    "DimensionTrait",
    "EmbeddingTrait",
    "FieldTrait",
    "FiltersTrait",
    "HoveredTrait",
    "LayerTrait",
    "RangedFloat",
    "RangedInt",
    "SelectionTrait",
]
