"""Where the parts of an AnnData are: what a dataset asks of an object in memory and of a file alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from cellucid.dataset.base import Field
    from cellucid.dataset.genes import GeneSource
    from cellucid.dataset.lock import DataLock


class Source(ABC):
    """The parts of one AnnData. Rows and columns are those of the opening, or what is read is refused.

    Its caller holds `lock` while it reads. A matrix on disk takes the lock itself, and only while it reads the file:
    its caller need not hold it, so that others read meanwhile.

    Args:
        lock: Of the data; sources of the same data share one.
    """

    lock: DataLock
    n_cells: int
    n_vars: int
    """Columns of ``X``, which may be others than those of the default matrix."""
    default_layer: str | None
    """The matrix that genes come from unless one is named; None where there is none."""
    fields: Mapping[str, Field]
    """The obs columns that can be shown, by key, in their order."""
    left_out: Mapping[str, str]
    """Label of each other obs column, as a str, and the reason."""
    file_tag: str | None
    """What tells the file that the matrices are in from others, and from itself after a change; None without such."""

    @property
    @abstractmethod
    def storage(self) -> str:
        """Where the data are kept, in a word."""

    @property
    @abstractmethod
    def path(self) -> Path | None:
        """The file or folder that the data are in; None for data in memory."""

    @property
    @abstractmethod
    def cell_names(self) -> pd.Index[Any]:
        """Names of the cells, ``(n_cells,)``; a file is read for them the first time."""

    @abstractmethod
    def cell_fingerprint(self) -> tuple[str, bool]:
        """`identity.fingerprint` of the cell names, and whether they are unique."""

    @property
    @abstractmethod
    def obsm(self) -> Mapping[str, Any]:
        """The entries of ``obsm``, in a form that `embeddings` reads."""

    @abstractmethod
    def aligned(self, slot: Literal["obsm", "obsp"]) -> Mapping[str, Any]:
        """What there is for each cell or pair of cells, as anndata reads it; a file is read for each value."""

    @property
    @abstractmethod
    def layers(self) -> list[str]:
        """Names of the matrices: `raw` and `X` where there are such, then the layers."""

    @abstractmethod
    def resolve_layer(self, layer: str | None) -> str:
        """The name of the matrix that genes come from now.

        Raises:
            UnknownLayer: There is no such matrix, or none at all.
        """

    @abstractmethod
    def gene_names(self, layer: str | None) -> pd.Index[Any]:
        """``var_names`` of a matrix as str, in the order of its columns; none where `layer` is None for want of one."""

    @abstractmethod
    def var(self, layer: str | None) -> pd.DataFrame:
        """What is known of the genes of a matrix: a row for each of `gene_names`; only text is sure to be there."""

    @abstractmethod
    def n_genes(self, layer: str | None) -> int:
        """How many columns a matrix has; 0 where `layer` is None for want of one."""

    @abstractmethod
    def is_on_disk(self, layer: str) -> bool:
        """Whether a matrix is read from a file."""

    @abstractmethod
    def matrix(self, layer: str) -> GeneSource:
        """The columns of a matrix.

        Raises:
            UnknownLayer: There is no such matrix.
            DatasetError: It is stored in a way that cannot be read.
        """

    @abstractmethod
    def check_cells(self) -> None:
        """Makes sure that the rows are the cells of the opening.

        Raises:
            DatasetChanged: They are not, or what the data are read from has changed.
        """

    @abstractmethod
    def check_genes(self, layer: str) -> None:
        """Makes sure that the columns of a matrix are the genes of the opening.

        Raises:
            DatasetChanged: They are not, or the matrix has gone.
            UnknownLayer: There never was such a matrix.
        """

    @abstractmethod
    def reading(self, what: str | None = None) -> AbstractContextManager[None]:
        """Turns what goes wrong while a file is read into an error that names it; see `errors.reading_file`."""

    @abstractmethod
    def series(self, key: str) -> pd.Series[Any]:
        """A field's column as `fields.field_series` shows it; its labels need not be the cell names.

        Raises:
            DatasetChanged: It is no longer what the field says.
        """

    @abstractmethod
    def table(self, expression: str) -> pd.DataFrame:
        """At least the obs columns that a pandas expression names, one row for each cell."""

    @abstractmethod
    def subset(self, positions: NDArray[np.intp]) -> AnnData:
        """The cells at these positions: a view of an AnnData."""

    @abstractmethod
    def reopen(self) -> Source:
        """The same data as they are now.

        Raises:
            DatasetError: They can no longer be shown.
        """

    @abstractmethod
    def close(self) -> None:
        """Lets go of the data; closes what it has opened itself, and nothing else."""
