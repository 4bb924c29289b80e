"""Where the viewer's camera looks from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.widget.traits.base import LockedTrait, bad, is_number, shown

if TYPE_CHECKING:
    from cellucid.dataset import Embedding
    from cellucid.widget.widget import CellucidWidget

AZIMUTH, ELEVATION = -60.0, 30.0
"""Degrees: where matplotlib's 3D axes begin."""

_ZOOM = (0.01, 1e6)


def fitted(embedding: Embedding, dimension: int) -> dict[str, Any]:
    """The camera that shows all cells of an embedding."""
    center = [(low + high) / 2 for low, high in zip(embedding.min, embedding.max, strict=True)]
    if dimension == 3:
        return {"center": center, "zoom": 1.0, "azimuth": AZIMUTH, "elevation": ELEVATION}
    return {"center": center[:2] if dimension == 2 else [center[0], 0.0], "zoom": 1.0}


class CameraTrait(LockedTrait[dict[str, Any], Any]):
    """``{"center": [x, y], "zoom": z}`` in data coordinates; in 3D with ``azimuth`` and ``elevation`` in degrees.

    Zoom 1 fits all cells. What is left out is that of the fitted camera; None is the fitted camera.
    """

    allow_none = True

    def set(self, obj: Any, value: object) -> None:
        """Set the camera; None fits all cells."""
        super().set(obj, {} if value is None else value)

    def validate(self, obj: CellucidWidget, value: object) -> dict[str, Any]:
        """Accept a dict of some of the keys."""
        whole = fitted(obj._dataset.embedding(obj.embedding), obj.dimension)
        if not isinstance(value, Mapping):
            raise bad(self, f"expected a dict such as {whole}, or None for all cells; got {shown(value)}.")
        for key, part in value.items():
            if key not in whole:
                raise bad(self, f"no key {key!r} in {obj.dimension}D; there are {', '.join(map(repr, whole))}.")
            whole[key] = self._center(part, len(whole["center"])) if key == "center" else self._number(key, part)
        return whole

    def _center(self, value: object, length: int) -> list[float]:
        if isinstance(value, list | tuple | np.ndarray) and len(value) == length and all(map(is_number, value)):
            return [float(number) for number in value]
        raise bad(self, f"center is {length} finite numbers here, got {shown(value)}.")

    def _number(self, key: str, value: object) -> float:
        bounds = {"zoom": _ZOOM, "elevation": (-90.0, 90.0)}
        low, high = bounds.get(key, (float("-inf"), float("inf")))
        if is_number(value) and low <= float(value) <= high:  # type: ignore[arg-type]
            return float(value)  # type: ignore[arg-type]
        expected = f"a number from {low:g} to {high:g}" if key in bounds else "a finite number"
        raise bad(self, f"{key} is {expected}, got {shown(value)}.")
