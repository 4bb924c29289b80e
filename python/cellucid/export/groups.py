"""What Cellucid keeps of each category: where it lies in an embedding, and how far out each of its cells is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray


class Groups:
    """The cells of each category of a field.

    Args:
        codes: The category of each cell, -1 for none.
        labels: The categories.
        min_points: How many cells a category needs to be looked at.
    """

    def __init__(self, codes: NDArray[np.integer[Any]], labels: Sequence[str], min_points: int) -> None:
        self._labels = labels
        self._min_points = min_points
        self._n_cells = len(codes)
        self._order = np.argsort(codes, kind="stable")
        self._ends = np.searchsorted(codes[self._order], np.arange(len(labels) + 1))

    def centroids(self, points: NDArray[np.float32], quantile: float | None) -> list[dict[str, Any]]:
        """The middle of each category that is large enough, without the cells that lie furthest from it.

        Args:
            points: Coordinates as they are exported, ``(n_cells, d)``; cells that are not placed do not count.
            quantile: Of the distances from the mean, beyond which cells are left out of it; None for no centroids.
        """
        if quantile is None:
            return []
        found = []
        for label, cells in self._large():
            inside = points[cells]
            inside = inside[np.isfinite(inside).all(axis=1)]
            if len(inside) < self._min_points:
                continue
            middle = inside.mean(axis=0)
            if len(inside) > self._min_points:
                distances = np.linalg.norm(inside - middle, axis=1)
                near = distances <= np.quantile(distances, quantile)
                if near.sum() >= self._min_points:
                    inside = inside[near]
                    middle = inside.mean(axis=0)
            found.append({"category": label, "position": [float(x) for x in middle], "n_points": len(inside)})
        return found

    def outliers(self, latent: NDArray[Any] | None) -> NDArray[np.float32]:
        """How far out each cell is among its category: the share of the category that is not further from its mean.

        Args:
            latent: The space in which distances are taken, ``(n_cells, k)``; None where there is none.

        Returns:
            float32 ``(n_cells,)``: above 0 and to 1; NaN where it is not known, also in small categories.
        """
        values = np.full(self._n_cells, np.nan, np.float32)
        if latent is None:
            return values
        for _, cells in self._large():
            inside = np.asarray(latent[cells], dtype=np.float64)
            known = np.isfinite(inside).all(axis=1)
            cells, inside = cells[known], inside[known]
            if len(cells) < self._min_points:
                continue
            distances = np.linalg.norm(inside - inside.mean(axis=0), axis=1)
            values[cells] = np.searchsorted(np.sort(distances), distances, side="right") / len(cells)
        return values

    def _large(self) -> Iterator[tuple[str, NDArray[np.intp]]]:
        for code in np.flatnonzero(np.diff(self._ends) >= self._min_points):
            yield self._labels[int(code)], self._order[self._ends[code] : self._ends[code + 1]]
