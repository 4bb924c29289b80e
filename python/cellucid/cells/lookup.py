"""Turns whatever a person names cells by into a selection, and says what is wrong where that cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cellucid.cells.errors import SelectionError
from cellucid.cells.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import ArrayLike, NDArray

_ACCEPTED = (
    "row positions, a boolean mask, cell names (a list of str or a pandas Index), a pandas query as one str, "
    "or None for no cells"
)
_SHOWN = 5

# difflib takes about 20 microseconds a name, and there may be millions.
_SPELLING_CANDIDATES = 2_000


@dataclass(frozen=True, eq=False)
class CellLookup:
    """The cells of a dataset, to be named in any way that `resolve` takes."""

    n_cells: int
    given_names: pd.Index[Any] | Callable[[], pd.Index[Any] | None] | None
    """What `names` are, or how to read them."""
    query: Callable[[str], ArrayLike]
    """Positions of the cells for which an expression is true; raises ValueError for what it cannot evaluate."""

    @property
    def names(self) -> pd.Index[Any] | None:
        """Cell names in row order, or None where the dataset keeps none; read when somebody means cells by name."""
        return self.given_names() if callable(self.given_names) else self.given_names

    def resolve(self, what: Any) -> Selection:
        """The cells that are meant.

        Args:
            what: One of

                - row positions: integers in an array, list, tuple, set, range, Series or Index;
                - a boolean mask with one value for each cell; a boolean Series is aligned by its labels;
                - cell names: str in the same containers;
                - what `numpy.where` makes of a mask;
                - one str: a pandas query over obs;
                - None, or something empty: no cells.

        Raises:
            SelectionError: It is none of these, or names cells that are not there or not unique.
        """
        if what is None:
            return Selection.empty()
        if isinstance(what, str):
            return self._from_query(what)
        if isinstance(what, Selection):
            return Selection.from_positions(what, self.n_cells)
        if isinstance(what, tuple) and len(what) == 1 and isinstance(what[0], np.ndarray):
            what = what[0]  # numpy.where(mask) and mask.nonzero() give one array for each axis
        values = _values(what)
        kind = _kind(values)
        if kind == "boolean":
            return self._from_series(what, values) if isinstance(what, pd.Series) else self._from_mask(values)
        if values.size == 0:
            return Selection.empty()
        if kind == "integer":
            return Selection.from_positions(_integers(values, self.n_cells), self.n_cells)
        if kind == "string":
            return self._from_names(values)
        raise SelectionError(_not_understood(values, kind))

    def _from_query(self, expression: str) -> Selection:
        try:
            positions = self.query(expression)
        except ValueError as error:
            name = expression if self.names is not None and expression in self.names else "NAME"
            raise SelectionError(
                f"a single str is a pandas query over obs, and this one failed: {error} "
                f"To select one cell by its name, pass a list: [{name!r}]."
            ) from error
        return Selection.from_positions(positions, self.n_cells)

    def _from_mask(self, values: NDArray[Any]) -> Selection:
        if len(values) != self.n_cells:
            raise SelectionError(f"the mask has {len(values):,} values for {self.n_cells:,} cells")
        return Selection.from_mask(_true(values))

    def _from_series(self, series: pd.Series[Any], values: NDArray[Any]) -> Selection:
        labels = series.index
        if len(values) != self.n_cells:
            raise SelectionError(
                f"the mask has {len(values):,} values for {self.n_cells:,} cells; "
                "to select some cells by name pass the names, as in `mask.index[mask]`"
            )
        if labels.equals(pd.RangeIndex(self.n_cells)) or (self.names is not None and labels.equals(self.names)):
            return self._from_mask(values)
        if self.names is not None and self.names.is_unique and labels.is_unique:
            order = labels.get_indexer(self.names)
            if (order >= 0).all():
                return self._from_mask(values[order])
        raise SelectionError(
            "the labels of the boolean Series are not the cell names, so it is not clear which value belongs to which "
            f"cell (its labels begin {_some(labels)}"
            + (f"; the cell names begin {_some(self.names)}" if self.names is not None else "")
            + "); pass `mask.to_numpy()` if its values are in the order of the cells"
        )

    def _from_names(self, wanted: NDArray[Any]) -> Selection:
        if self.names is None:
            raise SelectionError(f"this dataset keeps no cell names, so {_some(wanted)} cannot be found; use positions")
        positions = np.arange(self.n_cells)
        names = self.names
        if not names.is_unique:
            repeated = names.duplicated(keep=False)
            unclear = pd.Index(wanted)[pd.Index(wanted).isin(names[repeated])].unique()
            if len(unclear):
                raise SelectionError(
                    f"several cells are named {_some(unclear)}, so the name is ambiguous; use positions, or make names "
                    "unique with `adata.obs_names_make_unique()` and open the data again"
                )
            names, positions = names[~repeated], positions[~repeated]
        found = names.get_indexer(pd.Index(wanted))
        unknown = pd.Index(wanted[found < 0]).unique()
        if len(unknown):
            close = _close_names(unknown[0], names)
            raise SelectionError(
                f"{len(unknown):,} of {len(wanted):,} names are not cell names: {_some(unknown)}"
                + (f"; close to {unknown[0]!r}: {_some(close)}" if close else f"; names look like {_some(names, 2)}")
            )
        return Selection.from_positions(positions[found], self.n_cells)


def _values(what: Any) -> NDArray[Any]:
    """The elements of a container in one dimension; object where numpy would make one type of several."""
    if isinstance(what, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        values = what.to_numpy()
    elif isinstance(what, range):
        values = np.arange(what.start, what.stop, what.step)
    elif isinstance(what, np.ndarray):
        values = np.asarray(what)
    elif isinstance(what, list | tuple | set | frozenset):
        try:
            values = np.array(list(what), dtype=object)
        except ValueError as error:
            raise SelectionError(f"cells cannot be named by nested lists; expected {_ACCEPTED}") from error
    else:
        one_position = isinstance(what, int | np.integer) and not isinstance(what, bool)
        hint = f" For one cell pass a list: [{what!r}]." if one_position else ""
        raise SelectionError(
            f"cells cannot be named by {shortened(what)} of type {type(what).__name__}; expected {_ACCEPTED}.{hint}"
        )
    if values.ndim != 1:
        raise SelectionError(f"cells cannot be named by something of shape {values.shape}; expected one dimension")
    return values


def _kind(values: NDArray[Any]) -> str:
    """``"boolean"``, ``"integer"`` or ``"string"``, or pandas' word for anything else."""
    known = {"b": "boolean", "i": "integer", "u": "integer", "U": "string", "T": "string", "f": "floating"}
    if values.dtype.kind in known:
        return known[values.dtype.kind]
    # Missing values in a nullable mask count as false, as they do in pandas; among names they are no cells.
    kind = pd.api.types.infer_dtype(values, skipna=False)
    if kind == "mixed" and pd.api.types.infer_dtype(values, skipna=True) == "boolean":
        return "boolean"
    return kind


def _true(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype.kind == "b":
        return values
    return np.where(pd.isna(values), False, values).astype(np.bool_)


def _integers(values: NDArray[Any], n_cells: int) -> NDArray[Any]:
    if values.dtype.kind != "O":
        return values
    # Python's integers may be larger than any of numpy's; -1 and n_cells are outside just as well.
    large = next((value for value in values if not -(2**63) <= value < 2**63), None)
    if large is not None:
        raise SelectionError(f"{large} is not among the positions 0 to {n_cells - 1:,}")
    return values.astype(np.int64)


def _not_understood(values: NDArray[Any], kind: str) -> str:
    if kind == "floating":
        return (
            f"positions must be integers; got floats: {_some(values)}. "
            "If they are whole numbers, convert them with `.astype(int)`"
        )
    return f"cells cannot be named by {kind} values: {_some(values)}; expected {_ACCEPTED}"


def _close_names(name: str, names: pd.Index[Any]) -> list[str]:
    """Cell names that may have been meant: most often a suffix such as ``-1`` or the case is what differs."""
    folded = names.astype(str).str.casefold()
    wanted = name.casefold()
    bare = wanted.rsplit("-", 1)[0]
    alike = folded.str.startswith(bare)
    if not bare or not alike.any():
        alike = folded.str[:3] == wanted[:3]
    candidates = dict(zip(folded[alike][:_SPELLING_CANDIDATES], names[alike][:_SPELLING_CANDIDATES], strict=True))
    return [candidates[match] for match in get_close_matches(wanted, candidates, n=3, cutoff=0.6)]


def _some(values: Iterable[Any], limit: int = _SHOWN) -> str:
    shown = list(values)
    return ", ".join(repr(_item(value)) for value in shown[:limit]) + (", …" if len(shown) > limit else "")


def _item(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
