"""What every way of storing a matrix answers: the values of some genes in all cells."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import singledispatch
from importlib import import_module
from operator import index as as_integer
from typing import TYPE_CHECKING, Any

import numpy as np

from cellucid.dataset.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    Blocks = Generator[tuple[int, NDArray[np.float32]], None, None]

Lock = AbstractContextManager[Any]
"""What is held while a file is read, and only then."""

# Modules that register containers of packages which need not be there. Imported when such a container turns up.
_LATER = {"zarr": "cellucid.dataset.genes.zarr_store"}


class Cancelled(Exception):
    """Nobody wants the values any more."""


class GeneSource(ABC):
    """Columns of a matrix of shape ``(n_cells, n_genes)``.

    The values are those of the matrix, duplicate entries summed in its own type, as float32. Safe to use from several
    threads at once.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.n_cells, self.n_genes = shape

    def column(self, j: int, cancelled: Callable[[], bool] | None = None) -> NDArray[np.float32]:
        """The values of gene `j` in all cells, ``(n_cells,)``: a copy of its own.

        Args:
            j: The number of the gene.
            cancelled: Asked again and again while there is something to wait for; true ends the reading.

        Raises:
            IndexError: `j` is not in ``0 .. n_genes - 1``.
            DatasetError: The stored matrix is not what it says it is.
            Cancelled: `cancelled` came to be true.
        """
        values: NDArray[np.float32] = self.columns([j], cancelled)[0]
        return values

    def columns(self, js: Iterable[int], cancelled: Callable[[], bool] | None = None) -> NDArray[np.float32]:
        """The values of several genes from one pass over the matrix, ``(len(js), n_cells)``: a copy of its own.

        Raises:
            IndexError: A number is not in ``0 .. n_genes - 1``.
            DatasetError: The stored matrix is not what it says it is.
            Cancelled: `cancelled` came to be true.
        """
        wanted = self._check(js)
        genes, where = np.unique(wanted, return_inverse=True)
        in_order = np.array_equal(genes, wanted)
        found: NDArray[np.float32] | None = None
        for start, values in self._run(genes, cancelled):
            part = values if in_order else values[where]
            if part.shape[1] == self.n_cells:
                return part
            if found is None:
                found = np.zeros((len(wanted), self.n_cells), dtype=np.float32)
            found[:, start : start + part.shape[1]] = part
        return np.zeros((len(wanted), self.n_cells), dtype=np.float32) if found is None else found

    def blocks(self, j: int, cancelled: Callable[[], bool] | None = None) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """The values of gene `j` as soon as they are there: the number of the first cell, and the values from it on.

        The blocks come in the order of the cells and cover each cell once. Whoever closes the generator cancels the
        rest.

        Raises:
            IndexError: `j` is not in ``0 .. n_genes - 1``.
            DatasetError: The stored matrix is not what it says it is.
            Cancelled: `cancelled` came to be true.
        """
        genes = self._check([j])
        return ((start, values[0]) for start, values in self._run(genes, cancelled))

    def parts(self, genes: NDArray[np.intp]) -> Blocks:
        """For sources made of another one: as `blocks`, of several genes, which are ascending and each once."""
        return self._blocks(genes)

    def _check(self, js: Iterable[int]) -> NDArray[np.intp]:
        wanted = np.array([as_integer(j) for j in js], dtype=np.intp)
        for j in wanted[(wanted < 0) | (wanted >= self.n_genes)]:
            raise IndexError(f"gene number {j} is out of range: the matrix has {self.n_genes:,} genes")
        return wanted

    def _run(
        self, genes: NDArray[np.intp], cancelled: Callable[[], bool] | None
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        if not genes.size:
            return
        blocks = self._blocks(genes)
        try:
            while True:
                if cancelled is not None and cancelled():
                    raise Cancelled
                if (block := next(blocks, None)) is None:
                    return
                if block[1].shape[1]:
                    yield block
        finally:
            blocks.close()

    @abstractmethod
    def _blocks(self, genes: NDArray[np.intp]) -> Blocks:
        """The values of some genes, ascending and each once: first cell, and ``(len(genes), cells)`` from it on."""


@singledispatch
def gene_source(matrix: object, lock: Lock | None = None) -> GeneSource:
    """The strategy for a matrix, chosen by its type.

    What is learned of a matrix in a file is kept by its source: keep the source as long as the file is open.

    Args:
        matrix: A two-dimensional numpy array, a scipy CSR or CSC matrix or array, or one of these as anndata stores it:
            an h5py or zarr group or array, or what a backed AnnData has as its X. Of real numbers.
        lock: Held while a file is read, not while what was read is worked on. The caller may hold it too.

    Raises:
        DatasetError: Another kind of container, or numbers that are not real.
    """
    package = type(matrix).__module__.partition(".")[0]
    if package in _LATER and _LATER[package] not in sys.modules:
        import_module(_LATER[package])
        return gene_source(matrix, lock)
    kind = f"{type(matrix).__module__}.{type(matrix).__qualname__}"
    raise DatasetError(
        f"cannot read genes from a matrix of type {kind}; expected a numpy array or a scipy CSR or CSC matrix, or one "
        "of these in a file of anndata's. Convert it first, for example `adata.X = scipy.sparse.csr_matrix(adata.X)`, "
        "or name another layer."
    )


def check_matrix(shape: tuple[int, ...], dtype: np.dtype[Any], where: str = "") -> tuple[int, int]:
    """The shape of a matrix that genes can be read from.

    Raises:
        DatasetError: It is no matrix of real numbers.
    """
    if dtype.kind not in "biuf":
        raise DatasetError(f"cannot read genes from a matrix of {dtype} values{where}; expected real numbers")
    if len(shape) != 2:
        raise DatasetError(f"cannot read genes from an array of shape {shape}{where}; expected (cells, genes)")
    return int(shape[0]), int(shape[1])


def no_lock(lock: Lock | None) -> Lock:
    """The lock, or one that locks nothing."""
    return nullcontext() if lock is None else lock
