"""What the genes of a matrix are called: the names that they are shown by, and the others that find them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cellucid.dataset.axes import texts
from cellucid.dataset.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable

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
