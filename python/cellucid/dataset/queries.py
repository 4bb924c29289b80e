"""Which cells a pandas expression over obs is true for."""

from __future__ import annotations

import tokenize
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cellucid.dataset.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# What pandas raises for expressions that it cannot evaluate: syntax, names, types, values, and what it lacks.
_ERRORS = (
    SyntaxError,
    tokenize.TokenError,
    NameError,
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
    NotImplementedError,
)


def query_positions(obs: pd.DataFrame, expr: str, columns: Sequence[Any] | None = None) -> NDArray[np.uint32]:
    """Ascending positions of the rows for which an expression is true; missing counts as false.

    Args:
        obs: The columns that the expression may name.
        expr: As :meth:`pandas.DataFrame.eval` takes it.
        columns: What to list in an error where `obs` has only some of the columns.

    Raises:
        DatasetError: The expression cannot be evaluated, or its outcome is not one bool for each cell in their order.
    """
    try:
        # Without these two pandas would look for @names in the frames of this package.
        outcome: Any = obs.eval(expr, engine="python", local_dict={}, global_dict={})
        _check_one_bool_a_cell(outcome, obs.index)
    except _ERRORS as error:
        known = list(obs.columns) if columns is None else list(columns)
        listed = ", ".join(map(repr, known[:10])) + (", …" if len(known) > 10 else "")
        raise DatasetError(
            f"cannot evaluate the query {expr!r}: {str(error) or type(error).__name__}. "
            f"Expected a pandas expression over obs ({listed or 'which has no columns'}); "
            "put values of Python variables into the string, as in f'n_genes > {threshold}'."
        ) from error
    return np.flatnonzero(pd.array(outcome, dtype="boolean").fillna(False)).astype(np.uint32)


def _check_one_bool_a_cell(outcome: Any, cells: pd.Index[Any]) -> None:
    if np.ndim(outcome) != 1 or not pd.api.types.is_bool_dtype(outcome):
        raise ValueError("it is not true or false for each cell; compare with something, as in `n_genes > 500`")
    if len(outcome) != len(cells):
        raise ValueError(f"it gives {len(outcome):,} values for {len(cells):,} cells")
    if isinstance(outcome, pd.Series) and not outcome.index.equals(cells):
        raise ValueError("its values are not in the order of the cells")
