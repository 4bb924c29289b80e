"""The arrays of an export folder, as they were before they were stored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from cellucid.dataset.folder.manifests import StoredCodes
from cellucid.dataset.folder.quantization import dequantize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cellucid.dataset.folder.additions import AddedEmbedding
    from cellucid.dataset.folder.files import ExportFiles
    from cellucid.dataset.folder.manifests import Export, StoredValues, StoredVectors


class ExportArrays:
    """Reads arrays out of an export's files, each whole.

    What a file holds is checked against what the manifests say; a file that is wrong is a `DatasetError` that names it.

    Args:
        files: The folder's files.
        export: What its manifests say.
    """

    def __init__(self, files: ExportFiles, export: Export) -> None:
        self._files = files
        self._export = export
        self._n_cells = export.n_cells

    def points(self, stored: AddedEmbedding) -> NDArray[np.float32]:
        """Coordinates ``(n_cells, d)``: the original ones where the export kept their scale."""
        points = self._files.array(stored.path, "float32", (self._n_cells, stored.dimensions))
        return points if stored.placement is None else stored.placement.original(points)

    def vectors(self, stored: StoredVectors, points: AddedEmbedding) -> NDArray[np.float32]:
        """Arrows ``(n_cells, d)`` at the cells of an embedding, in its scale."""
        vectors = self._files.array(stored.path, "float32", (self._n_cells, points.dimensions))
        if points.placement is None:
            return vectors
        return replace(points.placement, center=(0.0,) * points.dimensions).original(vectors)

    def values(self, stored: StoredValues) -> NDArray[np.float32]:
        """One value a cell, NaN for missing."""
        values = self._files.array(stored.path, stored.dtype, (self._n_cells,))
        return values if stored.range is None else dequantize(values, *stored.range)

    def codes(self, key: str) -> NDArray[np.int64]:
        """The codes of a field's categories, -1 for missing."""
        stored = self._export.fields[key]
        assert isinstance(stored, StoredCodes)
        codes = self._files.array(stored.path, stored.dtype, (self._n_cells,))
        missing = codes == stored.missing
        wrong = np.flatnonzero(~missing & (codes >= len(stored.labels)))
        if wrong.size:
            raise self._files.fail(
                stored.path,
                f"cell {wrong[0]:,} has the code {codes[wrong[0]]}, and there are {len(stored.labels):,} categories",
            )
        # Labels that read the same are one category; the last place is for missing.
        merged = {label: code for code, label in enumerate(dict.fromkeys(stored.labels))}
        table = np.array([*(merged[label] for label in stored.labels), -1])
        return table[np.where(missing, len(stored.labels), codes)]

    def edges(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Both ends of each pair of neighbours."""
        stored = self._export.edges
        assert stored is not None
        ends = []
        for path in (stored.sources, stored.destinations):
            end = self._files.array(path, stored.dtype, (stored.n_edges,))
            if end.size and end.max() >= self._n_cells:
                raise self._files.fail(path, f"it names cell {end.max():,} of {self._n_cells:,}")
            ends.append(end.astype(np.uint32))
        return ends[0], ends[1]

    def connectivities(self) -> sparse.csr_matrix[Any]:
        """The pairs of neighbours as a symmetric matrix ``(n_cells, n_cells)`` of ones."""
        sources, destinations = self.edges()
        ones = np.ones(len(sources), np.float32)
        half = sparse.coo_matrix((ones, (sources, destinations)), shape=(self._n_cells, self._n_cells))
        return (half + half.T).tocsr()
