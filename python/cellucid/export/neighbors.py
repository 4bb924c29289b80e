"""A neighbour graph as pairs of cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from cellucid.dataset.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Edges:
    """Pairs of neighbours, each once, the first with the smaller number, in their order."""

    sources: NDArray[Any]
    destinations: NDArray[Any]
    max_neighbors: int
    """The most neighbours of one cell, itself included where the graph says so."""


def find_edges(graph: Any, n_cells: int) -> Edges:
    """The pairs that a graph joins in either direction.

    Args:
        graph: ``(n_cells, n_cells)``, any scipy sparse format or an array; zeros join nothing.
        n_cells: How many cells there are.

    Raises:
        DatasetError: It has another shape, or numbers of cells that are not there.
    """
    if getattr(graph, "shape", None) != (n_cells, n_cells):
        raise DatasetError(
            f"the neighbour graph has shape {getattr(graph, 'shape', None)} and there are {n_cells:,} cells"
        )
    if not sparse.issparse(graph) and not isinstance(graph, np.ndarray):
        graph = graph.to_memory() if hasattr(graph, "to_memory") else np.asarray(graph)
    csr = sparse.csr_matrix(graph)
    # scipy's own comparison would sort and sum the user's matrix in place.
    half = sparse.csr_matrix((csr.data != 0, csr.indices, csr.indptr), shape=csr.shape)
    try:
        half.check_format(full_check=True)  # scipy reads beyond its arrays where a file lies
    except ValueError as error:
        raise DatasetError(f"the neighbour graph is damaged: {error}") from error
    joined = half + half.T  # without the zeros
    joined.sort_indices()
    per_cell = np.diff(joined.indptr)
    dtype = edge_dtype(n_cells)
    sources = np.repeat(np.arange(n_cells, dtype=dtype), per_cell)
    upper = sources < joined.indices
    return Edges(sources[upper], joined.indices[upper].astype(dtype), int(per_cell.max(initial=0)))


def edge_dtype(n_cells: int) -> np.dtype[Any]:
    """The type of row positions in the files of edges."""
    if n_cells <= 0xFFFF:
        return np.dtype(np.uint16)
    return np.dtype(np.uint32 if n_cells <= 0xFFFF_FFFF else np.uint64)
