"""What an export will have, settled and checked before anything is written."""

from __future__ import annotations

import json
import sys
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.dataset.errors import DatasetError, UnknownLayer, warn_user
from cellucid.dataset.folder.additions import FOLDER, AddedEmbedding, Placement
from cellucid.dataset.folder.names import basis_of, safe_name
from cellucid.dataset.paths import gene_names_path, other_gene_names_path
from cellucid.dataset.references import some
from cellucid.export.vectors import VectorField, find_vectors, is_numbers

if TYPE_CHECKING:
    from cellucid.dataset.base import Dataset
    from cellucid.dataset.folder.quantization import Bits

MAX_CATEGORIES = 65_534
"""What the codes of Cellucid's format can tell apart."""

# The longest ending of a file, and how long a name most file systems take.
_LONGEST = 255 - len(".outliers.u16.gz")
# What Windows takes for a device, whatever comes after the first dot.
_DEVICES = frozenset(("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))))
# In this order, in any case: what an embedding is usually computed from.
_LATENT = ("scanvi", "x_scanvi", "scvi", "x_scvi", "x_pca", "harmony", "x_harmony", "x_pca_harmony")


@dataclass(frozen=True)
class Settings:
    """How to write.

    Raises:
        ValueError: A number is not one that the format has.
    """

    var_bits: Bits | None
    obs_bits: Bits | None
    compression: int | None
    outlier_quantile: float | None
    min_points: int

    def __post_init__(self) -> None:
        bits, level = "8, 16 or None", "1 to 9, or None for none"
        # Numpy's numbers as Python's, which JSON has.
        vars(self).update(
            var_bits=_whole("var_quantization", self.var_bits, (8, 16), bits),
            obs_bits=_whole("obs_continuous_quantization", self.obs_bits, (8, 16), bits),
            compression=_whole("compression", self.compression, range(1, 10), level),
            outlier_quantile=_share("centroid_outlier_quantile", self.outlier_quantile),
        )
        expected, at_least = "a whole number from 1", range(1, sys.maxsize)
        if self.min_points is None:
            raise ValueError(f"centroid_min_points is None; expected {expected}")
        vars(self).update(min_points=_whole("centroid_min_points", self.min_points, at_least, expected))


def _whole(name: str, value: Any, known: Container[int], expected: str) -> int | None:
    """A whole number of any type, or None."""
    if value is None:
        return None
    if isinstance(value, bool | np.bool) or not isinstance(value, Integral) or int(value) not in known:
        raise ValueError(f"{name} is {value!r}; expected {expected}")
    return int(value)


def _share(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool | np.bool) or not isinstance(value, Real) or not 0 < float(value) <= 1:
        raise ValueError(f"{name} is {value!r}; expected 0 to 1, or None")
    return float(value)


@dataclass(frozen=True, eq=False)
class Plan:
    """What to write."""

    embeddings: tuple[AddedEmbedding, ...]
    """All of them with their files (without ``.gz``); those that Cellucid shows have a placement."""
    shown: Mapping[int, str]
    """The embedding that Cellucid shows for each number of dimensions."""
    fields: Mapping[str, str]
    """Obs columns and the names of their files."""
    categories: Mapping[str, tuple[str, ...]]
    colors: Mapping[str, tuple[str, ...]]
    genes: Mapping[str, str]
    """Genes and the names of their files."""
    other_names: Sequence[Mapping[str, Any]]
    """Columns with other names of these genes: ``{"column": ..., "names": [...]}``, "" for none."""
    layer: str | None
    latent_key: str | None
    vectors: Sequence[VectorField]

    def placement(self, dimensions: int) -> Placement:
        """How the embedding that Cellucid shows for this number of dimensions is placed."""
        key = self.shown[dimensions]
        found = next(one.placement for one in self.embeddings if one.key == key)
        assert found is not None
        return found


def make_plan(
    dataset: Dataset,
    embeddings: Sequence[str] | None,
    obs_keys: Sequence[str] | None,
    genes: Sequence[str] | None,
    layer: str | None,
    latent_key: str | None,
    vector_fields: Sequence[str] | Mapping[str, Any] | None,
) -> Plan:
    """Settles what to write.

    A text where names are expected is one name.

    Raises:
        DatasetError: Something that is asked for is not there, or the format has no way to write it.
    """
    embeddings, obs_keys, genes = _names(embeddings), _names(obs_keys), _names(genes)
    if isinstance(vector_fields, str):
        vector_fields = [vector_fields]
    keys = list(dataset.embeddings if embeddings is None else dict.fromkeys(embeddings))
    if not keys:
        raise DatasetError(f"there is no embedding to export; there are {some(dataset.embeddings)}")
    dimensions = {key: dataset.embedding(key).dimensions for key in keys}
    shown: dict[int, str] = {}
    for key in keys:
        if embeddings is not None or basis_of(key) == basis_of(keys[0]):
            shown.setdefault(dimensions[key], key)
    fields = {field.key: field for field in dataset.fields}
    if obs_keys is not None:
        for key in obs_keys:
            if key not in fields:
                dataset.obs(key)  # says why it is not there
        fields = {key: fields[key] for key in dict.fromkeys(obs_keys)}
    for key, field in fields.items():
        if field.categories is not None and len(field.categories) > MAX_CATEGORIES:
            raise DatasetError(
                f"the obs column {key!r} has {len(field.categories):,} categories, and an export holds "
                f"{MAX_CATEGORIES:,}; leave it out with obs_keys"
            )
    with dataset.lock:
        obsm = dataset.aligned("obsm")
        vectors = find_vectors(vector_fields, obsm, shown, dataset.n_cells)
        latent_key = _latent_key(latent_key, obsm, dataset.n_cells)
    files = _genes(dataset, genes, layer)
    return Plan(
        embeddings=tuple(_embedding(dataset, key, shown, number) for number, key in enumerate(keys)),
        shown=shown,
        fields=file_names(fields, "obs columns", "rename one, or leave it out with obs_keys"),
        categories={key: field.categories for key, field in fields.items() if field.categories is not None},
        colors={key: field.colors for key, field in fields.items() if field.colors is not None},
        genes=files,
        other_names=_other_names(dataset, list(files), layer),
        layer=dataset.default_layer if layer is None else layer,
        latent_key=latent_key,
        vectors=vectors,
    )


def _names(wanted: Iterable[str] | None) -> list[str] | None:
    return [wanted] if isinstance(wanted, str) else None if wanted is None else list(wanted)


def file_names(keys: Iterable[str], what: str, cure: str) -> dict[str, str]:
    """The name of each key's files.

    Raises:
        DatasetError: Two keys come to the same name, at least where upper and lower case are one; or one is too long.
    """
    names: dict[str, str] = {}
    owners: dict[str, str] = {}
    devices: list[str] = []
    for key in keys:
        name = safe_name(key)
        if len(name) > _LONGEST:
            raise DatasetError(f"the name {key[:40] + '…'!r} is too long for a file, of {what}; {cure}")
        if (other := owners.setdefault(name.casefold(), key)) != key:
            raise DatasetError(
                f"the {what} {other!r} and {key!r} would be the same file, {names[other]!r} and {name!r}; {cure}"
            )
        if name.casefold().split(".")[0] in _DEVICES:
            devices.append(key)
        names[key] = name
    if devices:
        warn_user(f"Windows has no files of these names, so the export cannot be copied there: {some(devices)}.")
    return names


def _embedding(dataset: Dataset, key: str, shown: Mapping[int, str], number: int) -> AddedEmbedding:
    dimensions = dataset.embedding(key).dimensions
    if shown.get(dimensions) != key:
        return AddedEmbedding(key, dimensions, f"{FOLDER}/embeddings/{number}.f32", None)
    with np.errstate(over="ignore"):
        placement = Placement.of(dataset.coordinates(key))
    if not np.isfinite([*placement.center, placement.scale]).all() or placement.scale == 0:
        raise DatasetError(f"the coordinates of {key!r} are too large to be exported; scale them down")
    return AddedEmbedding(key, dimensions, f"points_{dimensions}d.bin", placement)


def _genes(dataset: Dataset, wanted: Sequence[str] | None, layer: str | None) -> dict[str, str]:
    if layer is not None and layer not in dataset.layers:
        raise UnknownLayer(
            f"there is no layer {layer!r}; expected one of {some(dataset.layers)} or None for the default"
        )
    if wanted is not None and len(wanted) == 0:
        return {}
    listing = json.loads(bytes(dataset.read(gene_names_path(layer)).data))
    if wanted is None and listing["ambiguous"]:
        twice = dataset.genes[dataset.genes.duplicated()].unique()[:3] if layer is None else ()
        example = f", for example {some(twice)}" if len(twice) else ""
        raise DatasetError(
            f"{listing['ambiguous']:,} gene names are those of several columns{example}; make them unique with "
            "`adata.var_names_make_unique()`, or name the genes to export"
        )
    names = listing["genes"] if wanted is None else list(dict.fromkeys(wanted))
    known = frozenset(listing["genes"])
    for name in names:
        if name not in known:
            dataset.gene(name, layer)  # says what is wrong with it
    return file_names(names, "genes", "rename one, or leave it out with genes")


def _other_names(dataset: Dataset, genes: Sequence[str], layer: str | None) -> list[dict[str, Any]]:
    if not genes:
        return []
    listed = json.loads(bytes(dataset.read(gene_names_path(layer)).data))["genes"]
    columns = json.loads(bytes(dataset.read(other_gene_names_path(layer)).data))["columns"]
    found = []
    for column in columns:
        names = dict(zip(listed, column["names"], strict=True))
        found.append({"column": column["column"], "names": [names.get(gene, "") for gene in genes]})
    return found


def _latent_key(wanted: str | None, obsm: Mapping[str, Any], n_cells: int) -> str | None:
    if wanted is None:
        folded = {key.casefold(): key for key in obsm}
        found = [folded[name] for name in _LATENT if name in folded]
        return next((key for key in found if _is_latent(obsm[key], n_cells)), None)
    if wanted not in obsm:
        raise DatasetError(f"there is no {wanted!r} in obsm to take for latent_key; there are {some(obsm)}")
    if not _is_latent(obsm[wanted], n_cells):
        raise DatasetError(f"obsm[{wanted!r}] is no array of numbers with {n_cells:,} rows")
    return wanted


def _is_latent(value: Any, n_cells: int) -> bool:
    shape: tuple[int, ...] = getattr(value, "shape", ())
    return len(shape) == 2 and shape[0] == n_cells and is_numbers(value)
