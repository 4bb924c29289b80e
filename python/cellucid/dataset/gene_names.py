"""What the genes of matrices are called: the names that they are shown by, and the others that find them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cellucid.dataset.axes import texts
from cellucid.dataset.errors import DatasetError
from cellucid.dataset.manifest import gene_listing, other_names_listing
from cellucid.dataset.references import gene_position, resolve_field, unambiguous

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cellucid.dataset.base import FieldRef
    from cellucid.dataset.source import Source

# A column names genes if it says something else of most of them; `feature_types` does not.
_DISTINCT = 0.5


class GeneNames(Iterable[tuple[str, "pd.Index[Any]"]]):
    """The names of the genes of one matrix; iterating gives the other names by the column that has them.

    Args:
        names: ``var_names`` as str, in the order of the matrix' columns.
        var: Reads what else is known of them; called when it is first needed.
        symbols: The column whose names are shown; None for ``var_names``.
    """

    def __init__(self, names: pd.Index[Any], var: Callable[[], pd.DataFrame], symbols: str | None = None) -> None:
        self._names = names
        self._read_var = var
        self._symbols = symbols

    @cached_property
    def _others(self) -> dict[str, pd.Index[Any]]:
        var = self._read_var()
        columns = ((label, var.iloc[:, position]) for position, label in enumerate(var.columns))
        found = {str(label): _names_of(column) for label, column in columns}
        return {label: names for label, names in found.items() if names is not None}

    @cached_property
    def shown(self) -> pd.Index[Any]:
        """One name for each gene: its symbol where it is the only one with it, else what ``var_names`` has."""
        if self._symbols is None or self._symbols not in self._others:
            return self._names
        symbols, own = self._others[self._symbols], self._names
        clear = (symbols != "") & ~symbols.duplicated(keep=False) & ~symbols.isin(own)
        # A gene that is called by its symbol in both is no clash.
        return pd.Index(np.where(clear | (symbols == own), symbols, own), dtype=object)

    def __iter__(self) -> Iterator[tuple[str, pd.Index[Any]]]:
        """Each column that names genes, the one to prefer first, and the names in it, "" where it has none."""
        if self.shown is not self._names:
            yield "var_names", self._names
        order = sorted(self._others, key=lambda label: label != self._symbols)
        yield from ((label, self._others[label]) for label in order)

    def has_symbols(self) -> bool:
        """Whether there is the column that was asked for."""
        return self._symbols is None or self._symbols in self._read_var().columns

    def check_symbols(self) -> None:
        """Refuses a column that names no genes.

        Raises:
            DatasetError: The column is there, and is not text.
        """
        if self._symbols is not None and self.has_symbols() and self._symbols not in self._others:
            raise DatasetError(f"gene_symbols: the column {self._symbols!r} of var does not name the genes")


class GenesByLayer:
    """Which genes each matrix of a source has; they may be looked up from any thread.

    Args:
        source: Where the matrices are.
        symbols: The column whose names are shown; None for ``var_names``.
    """

    def __init__(self, source: Source, symbols: str | None) -> None:
        self._source = source
        self._symbols = symbols
        self._known: dict[str | None, GeneNames] = {}
        # pandas builds an index' hash table at the first look-up, which is not made for two threads at once. Where the
        # data's lock is held, too, that one was taken first: names may have to be read in the middle of a look-up.
        self._lock = Lock()

    def of(self, layer: str | None) -> GeneNames:
        """The names of one matrix; None for the default.

        Raises:
            UnknownLayer: There is no such matrix.
        """
        source = self._source
        layer = source.default_layer if layer is None else source.resolve_layer(layer)
        with source.lock:
            if (known := self._known.get(layer)) is None:
                names = source.gene_names(layer)
                known = self._known[layer] = GeneNames(names, partial(source.var, layer), self._symbols)
            return known

    def positions(self, names: Iterable[str], layer: str) -> list[int]:
        """The columns of genes in a matrix.

        Raises:
            UnknownField: It has no such gene.
            AmbiguousGene: Several columns have the name.
        """
        with self._source.lock:
            genes = self.of(layer)
            with self._lock:
                return [gene_position(name, genes.shown, genes) for name in names]

    def resolve_field(self, text: str, obs_keys: Iterable[str], layer: str | None) -> FieldRef:
        """What a person means by a name; see `references.resolve_field`."""
        with self._source.lock:
            genes = self.of(layer)
            with self._lock:
                return resolve_field(text, obs_keys, genes.shown, self._source.left_out, layer, genes)

    def unambiguous(self) -> pd.Index[Any]:
        """The genes of the default matrix that are named by one column only."""
        genes = self.of(None).shown
        with self._lock:
            return unambiguous(genes)

    def listing(self, layer: str | None) -> dict[str, Any]:
        """See `manifest.gene_listing`."""
        genes = self.of(layer).shown
        with self._lock:
            return gene_listing(genes)

    def other_listing(self, layer: str | None, others: Mapping[str, pd.Index[Any]]) -> dict[str, Any]:
        """See `manifest.other_names_listing`."""
        genes = self.of(layer).shown
        with self._lock:
            return other_names_listing(genes, others)

    def check_symbols(self) -> None:
        """Refuses a column of symbols that no matrix has, or that names no genes.

        Raises:
            DatasetError: It says what there is instead.
        """
        source = self._source
        if self._symbols is None or not source.layers:
            return
        named = [self.of(layer) for layer in dict.fromkeys((source.default_layer, *source.layers))]
        if not any(names.has_symbols() for names in named):
            there = ", ".join(map(repr, source.var(source.default_layer).columns)) or "none"
            raise DatasetError(f"gene_symbols: there is no column {self._symbols!r} of text in var; it has {there}")
        for names in named:
            names.check_symbols()


def _names_of(column: pd.Series[Any]) -> pd.Index[Any] | None:
    """A column's texts, "" for missing; None where it does not name genes."""
    values = column.array
    if isinstance(values, pd.Categorical) and len(values.categories) <= _DISTINCT * len(values):
        return None
    there = column.notna()
    if pd.api.types.infer_dtype(column[there], skipna=True) != "string" and not (
        isinstance(values, pd.Categorical) and pd.api.types.infer_dtype(values.categories) == "string"
    ):
        return None
    names = texts(pd.Index(column.astype(object).where(there, ""), dtype=object))
    return names if names.nunique() > _DISTINCT * len(names) else None
