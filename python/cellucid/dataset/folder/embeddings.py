"""The embeddings of an export that can be shown, and the arrows over them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cellucid.dataset.embeddings import measure
from cellucid.dataset.errors import DatasetError, UnknownEmbedding, warn_user
from cellucid.dataset.folder.additions import AddedEmbedding, Additions
from cellucid.dataset.folder.names import basis_of
from cellucid.dataset.references import did_you_mean, some

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cellucid.dataset.base import Embedding
    from cellucid.dataset.folder.arrays import ExportArrays
    from cellucid.dataset.folder.files import ExportFiles
    from cellucid.dataset.folder.manifests import Export, StoredVectors


class FolderEmbeddings:
    """Measures all embeddings at the beginning; those that place no cell are left out, with a warning.

    Args:
        files: Of the folder.
        export: What its manifests say.
        additions: What we have added.
        arrays: Reads the coordinates.

    Raises:
        DatasetError: Two embeddings have one key, or none places a cell.
    """

    def __init__(self, files: ExportFiles, export: Export, additions: Additions, arrays: ExportArrays) -> None:
        self._arrays = arrays
        self._stored = _stored(files, export, additions)
        measured = {key: measure(key, arrays.points(stored)) for key, stored in self._stored.items()}
        self.shown = {key: embedding for key, embedding in measured.items() if embedding.n_placed}
        """By key, the one to begin with first."""
        if not self.shown:
            raise DatasetError(
                f"{files.root.name}: no cell has finite coordinates in {some(measured)}, so there is nothing to "
                "draw. Export the data again from an embedding without NaN."
            )
        if len(self.shown) < len(measured):
            empty = some([key for key in measured if key not in self.shown])
            warn_user(f"left out of the embeddings, because no cell has finite coordinates there: {empty}.")
        self.vectors = tuple(self._over_shown(export))
        """The arrows over embeddings that can be shown, by the keys that these have here."""

    def find(self, key: str) -> Embedding:
        """The embedding of a key.

        Raises:
            UnknownEmbedding: There is none, or it cannot be shown; the message says which.
        """
        if (found := self.shown.get(key)) is not None:
            return found
        if key in self._stored:
            raise UnknownEmbedding(f"the embedding {key!r} cannot be shown: no cell has finite coordinates there")
        guess = did_you_mean(key, self.shown)
        raise UnknownEmbedding(f"there is no embedding {key!r}.{guess} There are: {some(self.shown)}.")

    def coordinates(self, key: str) -> NDArray[np.float32]:
        """The coordinates of an embedding that can be shown, ``(n_cells, d)``."""
        return self._arrays.points(self._stored[key])

    def arrows(self, vectors: StoredVectors) -> NDArray[np.float32]:
        """One of `vectors`, ``(n_cells, d)``, in the unit of the coordinates."""
        return self._arrays.vectors(vectors, self._stored[vectors.embedding])

    def key_of(self, vectors: StoredVectors) -> str:
        """What anndata would call one of `vectors`: ``velocity_umap_2d``."""
        basis = basis_of(vectors.embedding)
        name = vectors.key if vectors.key.endswith(f"_{basis}") else f"{vectors.key}_{basis}"
        return f"{name}_{self.shown[vectors.embedding].dimensions}d"

    def _over_shown(self, export: Export) -> list[StoredVectors]:
        paths = {one.key: one.path for one in export.points}
        keys = {one.path: one.key for one in self._stored.values()}
        found = ((one, keys.get(paths[one.embedding])) for one in export.vectors)
        return [replace(one, embedding=key) for one, key in found if key is not None and key in self.shown]


def _stored(files: ExportFiles, export: Export, additions: Additions) -> dict[str, AddedEmbedding]:
    """All embeddings by key: ours where the export is ours, else those of Cellucid's manifest."""
    added = {one.key: one for one in additions.embeddings}
    if len(added) < len(additions.embeddings):
        raise files.fail("additions.json", "two embeddings have the same key")
    here = {one.path for one in added.values()}
    stored = [
        AddedEmbedding(one.key, one.dimensions, one.path, None)
        for one in export.points
        if one.path not in here and one.key not in added
    ]
    return added | {one.key: one for one in stored}
