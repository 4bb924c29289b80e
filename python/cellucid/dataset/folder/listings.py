"""Lists of names that an export of ours has beside Cellucid's files: of the cells, and other ones of the genes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Lock
from typing import TYPE_CHECKING, Any

import pandas as pd

from cellucid.dataset.folder.node import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cellucid.dataset.folder.additions import AddedListing, Additions
    from cellucid.dataset.folder.files import ExportFiles


class Listings(Iterable[tuple[str, "pd.Index[Any]"]]):
    """Each is read when it is first asked for; iterating gives the other names of the genes by column.

    Args:
        files: Of the folder.
        additions: What we have added.
        n_cells: How many names of cells there have to be.
        n_genes: How many of genes.
        check: Called before names of cells are read; raises where they no longer may be.
    """

    def __init__(
        self, files: ExportFiles, additions: Additions, n_cells: int, n_genes: int, check: Callable[[], None]
    ) -> None:
        self._files = files
        self._additions = additions
        self._n_cells, self._n_genes = n_cells, n_genes
        self._check = check
        self._lock = Lock()
        self._cells: pd.Index[Any] | None = None
        self._others: dict[str, pd.Index[Any]] | None = None

    @property
    def cell_names(self) -> pd.Index[Any] | None:
        """None where the export has none."""
        if self._additions.cell_names is None:
            return None
        with self._lock:
            if self._cells is None:
                self._check()
                self._cells = _names(self._open(self._additions.cell_names), self._n_cells, "cells")
            return self._cells

    @property
    def other_gene_names(self) -> Mapping[str, pd.Index[Any]]:
        """By the column of ``var`` that they are from, in the order of the genes; "" for none."""
        with self._lock:
            if self._others is None:
                stored = self._additions.gene_names
                columns = () if stored is None else self._open(stored)
                self._others = {one["column"].text(): _names(one["names"], self._n_genes, "genes") for one in columns}
            return self._others

    def __iter__(self) -> Iterator[tuple[str, pd.Index[Any]]]:
        return iter(self.other_gene_names.items())

    def _open(self, stored: AddedListing) -> Node:
        return Node(self._files, stored.path, self._files.listing(stored.path, stored.nbytes))


def _names(node: Node, number: int, what: str) -> pd.Index[Any]:
    names = node.value
    if not isinstance(names, list) or len(names) != number or not all(isinstance(one, str) for one in names):
        raise node.fail(f"expected the names of {number:,} {what}")
    return pd.Index(names, dtype=object)
