"""How obs columns become fields: categories with codes, or float32 values.

The kind follows from a column's type alone, never from a look at its values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from natsort import natsorted
from pandas.api import types

from cellucid.dataset.base import Field
from cellucid.dataset.colors import category_colors
from cellucid.dataset.errors import REMEDY, DatasetChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    Categorical: TypeAlias = "pd.Categorical[Any]"

# Natural sorting takes microseconds a name; a column with more distinct values than this is hardly read as a legend.
_NATURAL_ORDER_LIMIT = 1_000


@dataclass(frozen=True)
class Columns:
    """Which obs columns can be shown."""

    labels: Mapping[str, Hashable]
    """Key of each field and the label of its column, in the columns' order."""
    left_out: Mapping[str, str]
    """Label of each other column, as a str, and the reason."""


class LazyField(Field):
    """A field of which a file is read only for what is asked: its categories and colours, or its range.

    Args:
        key: The field's key.
        n_categories: How many categories there are; None where it is continuous.
        listing: Reads the categories and their colours.
        span: Reads the smallest and the largest finite value.
    """

    def __init__(
        self,
        key: str,
        n_categories: int | None = None,
        *,
        listing: Callable[[], tuple[tuple[str, ...], tuple[str, ...]]] | None = None,
        span: Callable[[], tuple[float, float] | None] | None = None,
    ) -> None:
        # Not as attributes: a field is frozen.
        vars(self).update(
            key=key,
            kind="continuous" if n_categories is None else "categorical",
            _n_categories=n_categories,
            _read={"listing": listing, "range": span},
            _found={},
        )

    @property
    def categories(self) -> tuple[str, ...] | None:  # noqa: D102
        listing = self._ask("listing")
        return None if listing is None else listing[0]

    @property
    def colors(self) -> tuple[str, ...] | None:  # noqa: D102
        listing = self._ask("listing")
        return None if listing is None else listing[1]

    @property
    def range(self) -> tuple[float, float] | None:  # noqa: D102
        found: tuple[float, float] | None = self._ask("range")
        return found

    @property
    def n_categories(self) -> int | None:  # noqa: D102
        n_categories: int | None = vars(self)["_n_categories"]
        return n_categories

    def _ask(self, what: str) -> Any:
        read, found = vars(self)["_read"][what], vars(self)["_found"]
        if read is not None and what not in found:
            found[what] = read()
        return found.get(what)

    def __repr__(self) -> str:  # without reading anything
        return f"Field(key={self.key!r}, kind={self.kind!r}, n_categories={self.n_categories})"


def showable_columns(obs: pd.DataFrame) -> Columns:
    """Gives each column that can be shown its key: its label, as a str where the label is something else.

    Where two labels come to the same key, the one that is a str keeps it, and of two equal ones the first.
    """
    labels = list(obs.columns)
    owners: dict[str, int] = {}
    for position, label in enumerate(labels):
        owner = owners.setdefault(str(label), position)
        if isinstance(label, str) and not isinstance(labels[owner], str):
            owners[label] = position
    shown: dict[str, Hashable] = {}
    left_out: dict[str, str] = {}
    for position, label in enumerate(labels):
        key = str(label)
        if owners[key] != position:
            left_out[key] = "another column has the same name"
        elif types.is_complex_dtype(obs.dtypes.iloc[position]):
            left_out[key] = "complex numbers"
        else:
            shown[key] = label
    return Columns(shown, left_out)


def find_column(obs: pd.DataFrame, label: Hashable) -> pd.Series[Any] | None:
    """The first column of exactly this label (``3`` is not ``"3"``), or None."""
    for position, other in enumerate(obs.columns):
        same = other == label or (other != other and label != label)  # NaN is a label as well
        if other is label or (type(other) is type(label) and same):
            return obs.iloc[:, position]
    return None


def make_field(key: str, column: pd.Series[Any], uns: Mapping[str, Any]) -> Field:
    """The field of an obs column.

    Args:
        key: The field's key.
        column: The column, as it is in obs or as `field_series` shows it.
        uns: Where scanpy keeps colours, under ``<key>_colors``.
    """
    series = field_series(column, key)
    if isinstance(series.dtype, pd.CategoricalDtype):
        categories = tuple(series.cat.categories)
        # Scanpy's colours are for the user's categories: of those that read the same, the first gives the colour.
        own = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else series.cat.categories
        colors: dict[str, str] = {}
        for text, color in zip(category_texts(own), category_colors(key, len(own), uns), strict=True):
            colors.setdefault(text, color)
        return Field(key, "categorical", categories, tuple(colors[category] for category in categories))
    return Field(key, "continuous", range=span(series.to_numpy()))


def category_texts(categories: pd.Index[Any]) -> list[str]:
    """What categories read as; some may read the same."""
    # pandas hands out Python's numbers, which say more digits than float32 has.
    dtype = categories.dtype
    is_narrow = isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize < 8
    return [str(category) for category in (categories.to_numpy() if is_narrow else categories)]


def span(values: NDArray[np.float32]) -> tuple[float, float] | None:
    """The smallest and the largest finite value, or None where there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def current_series(obs: pd.DataFrame, label: Hashable, field: Field) -> pd.Series[Any]:
    """A field's column as `field_series` shows it, if it still is what the field says.

    Categories that only stand in another order are put back into the field's.

    Args:
        obs: ``adata.obs`` as it is now.
        label: The column's label.
        field: What the column was when it was opened.

    Raises:
        DatasetChanged: The column has gone, or it is of another kind or has other categories.
    """
    column = find_column(obs, label)
    if column is None:
        raise _changed(field, "It is no longer there.")
    if types.is_complex_dtype(column.dtype):
        raise _changed(field, "It now has complex numbers.")
    series = field_series(column, field.key)
    kind = "categorical" if isinstance(series.dtype, pd.CategoricalDtype) else "continuous"
    if kind != field.kind:
        raise _changed(field, f"It was {field.kind} and is {kind}.")
    if field.categories is None:
        return series
    categories = tuple(series.cat.categories)
    if categories == field.categories:
        return series
    if set(categories) != set(field.categories):
        raise _changed(
            field,
            f"It had {len(field.categories):,} categories and now has {len(categories):,}, not all of them the same.",
        )
    return series.cat.set_categories(pd.Index(field.categories, dtype=object))


def field_series(series: pd.Series[Any], key: str) -> pd.Series[Any]:
    """A column as it is shown: categorical with str categories, or float32 with NaN for missing.

    Categorical, bool, str, object and time columns are categorical; numbers are continuous.
    """
    values = _continuous(series) if _is_number(series.dtype) else _categorical(series)
    return pd.Series(values, index=series.index, name=key, copy=False)


def _changed(field: Field, how: str) -> DatasetChanged:
    return DatasetChanged(f"obs column {field.key!r} has changed since the data were opened; {REMEDY}. {how}")


def _is_number(dtype: Any) -> bool:
    return types.is_numeric_dtype(dtype) and not types.is_bool_dtype(dtype)


def _continuous(series: pd.Series[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # beyond float32 is infinite, and no reason to warn
        return np.array(series.to_numpy(dtype="float32", na_value=np.nan))


def _categorical(series: pd.Series[Any]) -> Categorical:
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _with_str_categories(series.array)
    if types.is_bool_dtype(dtype):
        truth = series.astype("boolean")
        return _from_codes(np.where(truth.isna(), -1, truth.fillna(False)), ["False", "True"])
    if types.is_object_dtype(dtype) or types.is_string_dtype(dtype):
        return _from_texts(series)
    # Times, periods and intervals sort by their value, which their text does not always do.
    return _with_str_categories(pd.Categorical(series))


def _with_str_categories(values: Any) -> Categorical:
    """The categories in their order as str; those that read the same (1 and "1") become one."""
    texts = category_texts(values.categories)
    merged = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    codes = values.codes
    if len(merged) < len(texts):
        # The last element stands for missing, which -1 indexes.
        codes = np.array([*(merged[text] for text in texts), -1])[codes]
    return _from_codes(codes, list(merged))


def in_order(words: Sequence[str] | NDArray[Any]) -> list[str]:
    """Different words in the order of categories."""
    return natsorted(words) if len(words) <= _NATURAL_ORDER_LIMIT else sorted(words)


def _from_texts(series: pd.Series[Any]) -> Categorical:
    """Categories from the values' texts, in the order that scanpy gives to columns of str."""
    there = series.notna().to_numpy()
    all_there = bool(there.all())
    texts = series.to_numpy(dtype=object)
    texts = texts if all_there else texts[there]
    if types.infer_dtype(texts) != "string":
        texts = np.array([value.decode() if isinstance(value, bytes) else str(value) for value in texts], dtype=object)
    codes, found = pd.factorize(texts)
    ordered = in_order(found)
    rank = {text: code for code, text in enumerate(ordered)}
    ranks = np.array([rank[text] for text in found], dtype=np.int32)
    if all_there:
        return _from_codes(ranks[codes], ordered)
    all_codes = np.full(len(series), -1, dtype=np.int32)
    all_codes[there] = ranks[codes]
    return _from_codes(all_codes, ordered)


def _from_codes(codes: NDArray[np.integer[Any]], categories: list[str]) -> Categorical:
    # As objects also where pandas has a str type of its own, so that a column looks the same under every pandas.
    made: Categorical = pd.Categorical.from_codes(codes, categories=pd.Index(categories, dtype=object))
    return made
