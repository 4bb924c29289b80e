"""What every dataset can do, wherever its data are stored: a tree of named resources, and the questions asked of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd

from cellucid.dataset.errors import DatasetError
from cellucid.dataset.lock import DataLock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from numpy.typing import NDArray

    from cellucid.dataset.resource import Resource


@dataclass(frozen=True)
class Embedding:
    """One set of coordinates and where its placed cells lie."""

    key: str
    dimensions: int
    path: str
    min: tuple[float, ...]
    """Smallest coordinate on each axis, over the placed cells."""
    max: tuple[float, ...]
    """Largest coordinate on each axis, over the placed cells."""
    n_placed: int
    """Number of cells whose coordinates are all finite."""
    y_down: bool = False
    """Whether the second axis is drawn downwards, as the rows of an image are."""


@dataclass(frozen=True)
class Field:
    """An obs column as the viewer shows it."""

    key: str
    kind: Literal["categorical", "continuous"]
    categories: tuple[str, ...] | None = None
    """The categories in their order, unused ones included; None for a continuous field."""
    colors: tuple[str, ...] | None = None
    """One ``#rrggbb`` for each category; None for a continuous field."""
    range: tuple[float, float] | None = None
    """Smallest and largest finite value; None for a categorical field, or where no value is finite."""

    @property
    def n_categories(self) -> int | None:
        """How many categories there are; None for a continuous field."""
        return None if self.categories is None else len(self.categories)


@dataclass(frozen=True)
class Listed:
    """A dataset to choose from, as far as is known without reading it."""

    id: str
    name: str
    n_cells: int | None
    """None where its folder does not say."""


@dataclass(frozen=True)
class FieldRef:
    """What cells are coloured by: an obs column, or a gene of the matrix in use."""

    kind: Literal["obs", "gene"]
    key: str


@dataclass(frozen=True, eq=False)
class FieldValues:
    """What a field says about each cell, as a snapshot."""

    kind: Literal["categorical", "continuous"]
    values: NDArray[Any]
    """Codes with -1 for missing, or float32 with NaN for missing, ``(n_cells,)``; read-only."""
    categories: tuple[str, ...] | None = None
    """What the codes stand for; None where the field is continuous."""


class Dataset(ABC):
    """Cells, their coordinates, their obs fields and their genes.

    Safe to read from several threads at once. Arrays that it returns are read-only.

    Args:
        lock: Held while the data are read. Datasets over the same data share one.
    """

    def __init__(self, lock: DataLock) -> None:
        self.lock = lock

    @property
    @abstractmethod
    def id(self) -> str:
        """Identifies the cells, their names and their order: another subset or order has another id."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What a person calls the dataset."""

    @property
    def datasets(self) -> tuple[Listed, ...]:
        """All that there was to choose from where this one was opened, itself included."""
        return (Listed(self.id, self.name, self.n_cells),)

    @property
    def listed_as(self) -> str:
        """The id that this one has among `datasets`."""
        return self.id

    def open_listed(self, id: str) -> Dataset:
        """Opens another one of `datasets`; this one stays as it is.

        Raises:
            DatasetError: There is none with this id any more, or it cannot be shown.
        """
        raise DatasetError(f"there is no dataset {id!r} here; the only one is {self.id!r}")

    @property
    @abstractmethod
    def storage(self) -> str:
        """Where the data are kept: ``"in-memory"``, ``"backed"``, ``"h5ad"``, ``"zarr"`` or ``"export folder"``."""

    @property
    @abstractmethod
    def n_cells(self) -> int:
        """Number of cells (rows)."""

    @property
    def n_genes(self) -> int:
        """Number of genes of the default matrix."""
        return len(self.genes)

    @property
    @abstractmethod
    def embeddings(self) -> list[str]:
        """Keys of the embeddings that can be shown, the one to begin with first."""

    @abstractmethod
    def embedding(self, key: str) -> Embedding:
        """One embedding's dimensions, extent and path.

        Args:
            key: One of `embeddings`; or with the columns that are meant, counted from 1, as in ``"X_pca:1,3"``. Of
                more than three columns the first three are shown unless others are named.

        Raises:
            UnknownEmbedding: There is none with this key (the message lists close ones), or it cannot be shown (the
                message says why).
        """

    def coordinates(self, key: str) -> NDArray[np.float32]:
        """The original coordinates, ``(n_cells, d)``; a row with a non-finite number is a cell that is not placed.

        Raises:
            UnknownEmbedding: There is none with this key, or it cannot be shown; the message says why.
            DatasetChanged: The embedding or the cells are no longer those of the opening.
        """
        return self.read(self.embedding(key).path).as_array()

    @property
    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """The obs columns that can be shown, in their order."""

    @abstractmethod
    def obs(self, key: str) -> pd.Series[Any]:
        """One obs column as it is shown: categorical with str categories, or float32 with NaN for missing.

        Raises:
            UnknownField: There is no such column, or it cannot be shown.
            DatasetChanged: It is no longer the column of the opening, or the cells are others.
        """

    @property
    @abstractmethod
    def genes(self) -> pd.Index[Any]:
        """Gene names of the default matrix, as str."""

    def other_gene_names(self, layer: str | None = None) -> Mapping[str, pd.Index[Any]]:
        """Other names of the genes of a matrix, in their order and "" for none, by what they are called in the data.

        Those that are preferred come first.

        Raises:
            UnknownLayer: There is no such matrix.
        """
        return {}

    @abstractmethod
    def gene(self, name: str, layer: str | None = None) -> NDArray[np.float32]:
        """One gene's values, ``(n_cells,)``, in the unit of the matrix they come from.

        Args:
            name: The gene's name in that matrix.
            layer: One of `layers`; None for the default by scanpy's rule: `raw` if there, else `X`.

        Raises:
            UnknownField: The matrix has no such gene.
            UnknownLayer: There is no such matrix.
            AmbiguousGene: Several columns have this name.
            DatasetChanged: The cells, or the genes of the matrix, are no longer those of the opening.
        """

    def gene_block(self, names: Sequence[str], layer: str | None = None) -> NDArray[np.float32]:
        """Several genes' values, ``(len(names), n_cells)``, without keeping them for another reading.

        Raises:
            UnknownField, UnknownLayer, AmbiguousGene, DatasetChanged: As `gene`.
        """
        return np.stack([self.gene(name, layer) for name in names])

    def aligned(self, slot: Literal["obsm", "obsp"]) -> Mapping[str, Any]:
        """What the data hold for each cell (``obsm``) or pair of cells (``obsp``) as it is stored, embeddings included.

        Read only, and under the `lock`; empty where the storage keeps none.
        """
        return {}

    @property
    @abstractmethod
    def layers(self) -> list[str]:
        """Names that `gene` takes as its layer: `raw` and `X` where there are such, then the layers."""

    @property
    @abstractmethod
    def default_layer(self) -> str | None:
        """The layer that genes come from unless one is named; None where there is no matrix at all."""

    @property
    @abstractmethod
    def cell_names(self) -> pd.Index[Any] | None:
        """Names of the cells in the order of the opening, which positions refer to; None where none are kept."""

    @property
    def has_cell_names(self) -> bool:
        """Whether there are `cell_names`; a file is not read for them to tell."""
        return self.cell_names is not None

    @abstractmethod
    def read(self, path: str) -> Resource:
        """The resource at a path.

        A gene of a matrix on disk is read when its bytes are asked for: what is wrong with the file is raised there.

        Raises:
            UnknownResource: There is none.
            DatasetChanged: It was not read yet, and the data are no longer those of the opening.
        """

    @abstractmethod
    def find(self, path: str) -> Resource | None:
        """The resource at a path, if it is kept from an earlier reading: at once, and without a look at the data."""

    @abstractmethod
    def resources(self) -> list[str]:
        """Paths of all resources that `read` is sure to have; of the genes, those of the default matrix."""

    @abstractmethod
    def resolve_field(self, text: str, layer: str | None = None) -> FieldRef:
        """What a person means by a name: an obs column if there is one, else a gene; ``obs:x``, ``gene:x`` say which.

        Args:
            text: The name.
            layer: The matrix whose genes are meant, one of `layers`; None for the default.

        Raises:
            UnknownField: Neither has this name. The message lists close ones.
            UnknownLayer: There is no such matrix.
            AmbiguousGene: Several columns of the matrix have this name.
        """

    def field_values(self, ref: FieldRef, layer: str | None = None) -> FieldValues:
        """The values of a field that `resolve_field` has found.

        Args:
            ref: The field.
            layer: The matrix that a gene is read from, one of `layers`; None for the default.

        Raises:
            UnknownField: There is no such column, or no such gene in the matrix.
            UnknownLayer: There is no such matrix.
            AmbiguousGene: Several columns of the matrix have the gene's name.
            DatasetChanged: What would be read is no longer that of the opening.
        """
        if ref.kind == "gene":
            return FieldValues("continuous", self.gene(ref.key, layer))
        return values_of(self.obs(ref.key))

    @abstractmethod
    def query(self, expr: str) -> NDArray[np.uint32]:
        """Ascending positions of the cells for which a pandas expression over obs is true; missing counts as false.

        Raises:
            DatasetError: The expression cannot be evaluated, or its outcome is not one bool for each cell in their
                order.
            DatasetChanged: The data no longer have the cells that they were opened with.
        """

    @abstractmethod
    def subset(self, positions: NDArray[np.integer[Any]]) -> Any:
        """The cells at these positions in the form the data came in (for AnnData: a view).

        Raises:
            DatasetChanged: The data no longer have the cells that they were opened with.
        """

    @abstractmethod
    def clear_cache(self) -> None:
        """Forgets the resources kept for reading them again. What was read stays valid; the next read makes anew."""

    @abstractmethod
    def reopen(self) -> Dataset:
        """A new dataset over the same data as they are now; this one stays as it is.

        Raises:
            DatasetError: It is closed, or the data can no longer be shown.
        """

    @abstractmethod
    def close(self) -> None:
        """Lets go of the data and of what was kept of them; the user's own object stays as it is. Idempotent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def values_of(series: pd.Series[Any]) -> FieldValues:
    """The values of an obs column as `Dataset.obs` shows it."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        # Pandas shares the codes with the user's own column.
        return FieldValues("categorical", _own(series.cat.codes), tuple(series.cat.categories))
    return FieldValues("continuous", _own(series))


def _own(series: pd.Series[Any]) -> NDArray[Any]:
    """A read-only copy of a column's values."""
    values = np.array(series)
    values.flags.writeable = False
    return values
