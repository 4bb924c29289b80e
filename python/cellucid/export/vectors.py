"""Which arrays of ``obsm`` are arrows over an exported embedding, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cellucid.dataset.embeddings import coordinates
from cellucid.dataset.errors import DatasetError
from cellucid.dataset.folder.names import basis_of, safe_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_EXPLICIT = re.compile(r"(.*)_([123])d")


@dataclass(frozen=True, eq=False)
class VectorField:
    """Arrows over the embedding of so many dimensions, in its original coordinates."""

    key: str
    dimensions: int
    values: NDArray[np.float32]

    @property
    def label(self) -> str:
        """What Cellucid's viewer calls it: ``velocity_umap`` is ``Velocity (UMAP)``."""
        of_umap = self.key.endswith("_umap")
        text = self.key.removesuffix("_umap").replace("_", " ")
        return text[:1].upper() + text[1:] + (" (UMAP)" if of_umap else "")


def find_vectors(
    wanted: Sequence[str] | Mapping[str, Any] | None, obsm: Mapping[str, Any], shown: Mapping[int, str], n_cells: int
) -> list[VectorField]:
    """The vector fields to export, one for each name and number of dimensions.

    Args:
        wanted: Keys of `obsm`, or arrays by name; None for every entry that is named after an embedding, such as
            ``velocity_umap`` or ``velocity_umap_2d`` for ``X_umap``.
        obsm: What the data hold for each cell.
        shown: The embedding of each number of dimensions.
        n_cells: How many cells there are.

    Raises:
        DatasetError: One that is wanted is not there, has another shape, or a name that is no file name.
    """
    if wanted is None:
        arrays: dict[str, Any] = {key: obsm[key] for key in obsm if _is_over(key, shown)}
    elif isinstance(wanted, Mapping):
        arrays = dict(wanted)
    else:
        missing = [key for key in wanted if key not in obsm]
        if missing:
            raise DatasetError(
                f"there is no vector field {missing[0]!r} in obsm, which has {', '.join(map(repr, obsm))}"
            )
        arrays = {key: obsm[key] for key in wanted}
    found: dict[tuple[str, int], VectorField] = {}
    # Names that say their dimensions win over those that do not.
    for key in sorted(arrays, key=lambda key: _EXPLICIT.fullmatch(key) is None):
        field = _field(key, arrays[key], n_cells)
        fits = field is not None and field.dimensions in shown and field.key == safe_name(field.key)
        if field is not None and fits:
            found.setdefault((field.key, field.dimensions), field)
        elif wanted is not None:
            raise DatasetError(
                f"the vector field {key!r} cannot be exported: it has to have {n_cells:,} rows, as many columns as an "
                f"exported embedding ({', '.join(map(str, sorted(shown)))}) and a name of letters, digits, . _ and -"
            )
    return list(found.values())


def _field(key: str, array: Any, n_cells: int) -> VectorField | None:
    shape: tuple[int, ...] = getattr(array, "shape", ())
    if len(shape) == 1:
        array, shape = array.reshape(-1, 1), (shape[0], 1)
    explicit = _EXPLICIT.fullmatch(key)
    if len(shape) != 2 or shape[0] != n_cells or (explicit and int(explicit[2]) != shape[1]):
        return None
    return VectorField(explicit[1] if explicit else key, shape[1], coordinates(array))


def _is_over(key: str, shown: Mapping[int, str]) -> bool:
    if key.startswith("X_"):
        return False
    name = explicit[1] if (explicit := _EXPLICIT.fullmatch(key)) else key
    return any(name.endswith(f"_{basis_of(embedding)}") for embedding in shown.values())
