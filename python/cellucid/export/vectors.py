"""Which arrays of ``obsm`` are arrows over an exported embedding, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.dataset.embeddings import coordinates
from cellucid.dataset.errors import DatasetError, warn_user
from cellucid.dataset.folder.names import basis_of, safe_name

if TYPE_CHECKING:
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
        DatasetError: One that is wanted is not there, is not real numbers of such a shape, or has a name that files
            cannot have. One that nobody has asked for is left out then, with a warning.
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
    unfit: dict[str, str] = {}
    # Names that say their dimensions win over those that do not.
    for key in sorted(arrays, key=lambda key: _EXPLICIT.fullmatch(key) is None):
        field = _field(key, arrays[key], shown, n_cells)
        if isinstance(field, VectorField):
            found.setdefault((field.key, field.dimensions), field)
        elif wanted is not None:
            raise DatasetError(f"the vector field {key!r} cannot be exported: {field}")
        else:
            unfit[key] = field
    if unfit:
        reasons = "; ".join(f"{key!r}: {reason}" for key, reason in unfit.items())
        warn_user(f"left out of the vector fields: {reasons}.")
    return list(found.values())


def is_numbers(array: Any) -> bool:
    """Whether an array, a sparse matrix or a table has real numbers only."""
    dtypes = list(array.dtypes) if hasattr(array, "dtypes") else [getattr(array, "dtype", None)]
    return all(getattr(dtype, "kind", "O") in "biuf" for dtype in dtypes)


def _field(key: str, array: Any, shown: Mapping[int, str], n_cells: int) -> VectorField | str:
    """The vector field, or why it is none."""
    if not is_numbers(array):
        return "its values are not real numbers"
    if len(shape := array.shape) == 1:
        array, shape = np.asanyarray(array).reshape(-1, 1), (shape[0], 1)
    explicit = _EXPLICIT.fullmatch(key)
    fitting = [dimensions for dimensions in sorted(shown) if explicit is None or dimensions == int(explicit[2])]
    if not fitting:
        return f"no embedding of {key[-2:]} is exported"
    if len(shape) != 2 or shape[0] != n_cells or shape[1] not in fitting:
        expected = " or ".join(f"({n_cells}, {dimensions})" for dimensions in fitting)
        return f"it has shape {tuple(shape)}, expected {expected}, as the embedding has that it is over"
    name = explicit[1] if explicit else key
    if name != safe_name(name):
        return "its name has to be of letters, digits, . _ and -"
    return VectorField(name, shape[1], coordinates(array))


def _is_over(key: str, shown: Mapping[int, str]) -> bool:
    if key.startswith("X_"):
        return False
    if explicit := _EXPLICIT.fullmatch(key):
        name, over = explicit[1], [shown[int(explicit[2])]] if int(explicit[2]) in shown else []
    else:
        name, over = key, list(shown.values())
    return any(name.endswith(f"_{basis_of(embedding)}") for embedding in over)
