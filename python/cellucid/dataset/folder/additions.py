"""What `cellucid.prepare` adds to a Cellucid export, in files of its own that Cellucid's servers ignore.

``additions.json`` says what there is: how to get back from stored coordinates to the original ones, embeddings beyond
one for each number of dimensions, the colours of categories, the matrix that the genes come from, and the files
with the cells' names and the genes' other names. Everything else is below ``additions/``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.dataset.errors import warn_user
from cellucid.dataset.folder.node import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cellucid.dataset.folder.files import ExportFiles

ADDITIONS = "additions.json"
FOLDER = "additions"
FORMAT = "cellucid-additions-1"

_MAX_NAMES_BYTES = 1 << 34


@dataclass(frozen=True)
class Placement:
    """How coordinates lie in an embedding's own space: ``original = stored / scale + center``."""

    center: tuple[float, ...]
    scale: float

    def stored(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Coordinates as a Cellucid export has them: the longest axis from -1 to 1."""
        return np.asarray((points - np.array(self.center, np.float32)) * self.scale, dtype=np.float32)

    def original(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        """The coordinates that `stored` was made of, to float32's precision at their extent."""
        with np.errstate(over="ignore", invalid="ignore"):
            return (stored.astype(np.float64) / self.scale + self.center).astype(np.float32)

    @classmethod
    def of(cls, points: NDArray[np.float32]) -> Placement:
        """What puts the placed cells between -1 and 1, each axis around its middle and all by one scale."""
        placed = points[np.isfinite(points).all(axis=1)]
        low, high = placed.min(axis=0), placed.max(axis=0)
        center = (low + high) / 2
        extent = float((high - low).max())
        return cls(tuple(float(x) for x in center), 2.0 / (extent if extent >= 1e-8 else 1.0))


@dataclass(frozen=True)
class AddedEmbedding:
    """An embedding as the data had it that were exported."""

    key: str
    dimensions: int
    path: str
    placement: Placement | None
    """None where the file has the original coordinates."""


@dataclass(frozen=True)
class AddedListing:
    """A file with names."""

    path: str
    nbytes: int
    """How long it is, inflated."""

    def as_json(self) -> dict[str, Any]:
        """Its entry in the document."""
        return {"file": self.path, "bytes": self.nbytes}


@dataclass(frozen=True)
class Additions:
    """What ``additions.json`` says."""

    embeddings: tuple[AddedEmbedding, ...] = ()
    """All embeddings, the one to begin with first."""
    colors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    layer: str | None = None
    """The matrix that the genes come from."""
    cell_names: AddedListing | None = None
    gene_names: AddedListing | None = None
    """Other names of the genes, by column: ``[{"column": ..., "names": [...]}]``, in the order of the genes."""

    def as_json(self, created_at: str, written_by: str) -> dict[str, Any]:
        """The document; when and by which version ties it to the identity that was written with it."""
        return {
            "format": FORMAT,
            "created_at": created_at,
            "written_by": written_by,
            "layer": self.layer,
            "embeddings": [
                {
                    "key": one.key,
                    "dimensions": one.dimensions,
                    "file": one.path,
                    "center": None if one.placement is None else list(one.placement.center),
                    "scale": None if one.placement is None else one.placement.scale,
                }
                for one in self.embeddings
            ],
            "colors": {key: list(colors) for key, colors in self.colors.items()},
            "cell_names": None if self.cell_names is None else self.cell_names.as_json(),
            "gene_names": None if self.gene_names is None else self.gene_names.as_json(),
        }


def read_additions(files: ExportFiles, created_at: str | None, written_by: object) -> Additions:
    """What a folder has of ours; nothing where it was not written by `cellucid.prepare`.

    Args:
        files: The folder's files.
        created_at: What the identity says. Cellucid may have written another export over ours, and left this file.
        written_by: The version that the identity names: a time of whole seconds may be that of both exports.

    Raises:
        DatasetError: The document does not say what it should.
    """
    files.watch([ADDITIONS])
    if not files.has(ADDITIONS):
        return Additions()
    document = Node(files, ADDITIONS, files.json(ADDITIONS))
    if document["format"].text() != FORMAT or not _is_of(document, created_at, written_by):
        warn_user(
            f"{files.root.name}/{ADDITIONS} belongs to another export or version and is left aside: cells have no "
            "names here, coordinates are those of the export, and colours are scanpy's."
        )
        return Additions()
    layer = document["layer"]
    return Additions(
        embeddings=tuple(_embedding(node) for node in document["embeddings"]),
        colors={key: tuple(color.text() for color in node) for key, node in document["colors"].items()},
        layer=None if layer.is_null else layer.text(),
        cell_names=_listing(document["cell_names"]),
        gene_names=_listing(document.get("gene_names")),  # not in the first exports
    )


def _is_of(document: Node, created_at: str | None, written_by: object) -> bool:
    said = document.get("written_by")  # not in the first exports
    return document["created_at"].text() == created_at and (said is None or said.value in (None, written_by))


def _listing(node: Node | None) -> AddedListing | None:
    if node is None or node.is_null:
        return None
    return AddedListing(node["file"].text(), node["bytes"].integer(0, _MAX_NAMES_BYTES))


def _embedding(node: Node) -> AddedEmbedding:
    dimensions = node["dimensions"].integer(1, 3)
    placement = None
    if not node["scale"].is_null:
        scale = node["scale"].number()
        center = tuple(number.number() for number in node["center"])
        if scale <= 0 or len(center) != dimensions:
            raise node.expected(f"a scale above 0 and a center of {dimensions} numbers")
        placement = Placement(center, scale)
    return AddedEmbedding(node["key"].text(), dimensions, node["file"].text(), placement)
