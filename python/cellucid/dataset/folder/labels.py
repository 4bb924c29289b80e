"""Obs columns of an export as a query means them: of categories an export keeps what they read as, and no more."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from cellucid.dataset.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Kind = Literal["number", "text"]


def as_meant(column: pd.Series[Any], key: str, expr: str) -> pd.Series[Any]:
    """A column for a query: what it was before it was exported, as far as that can be told.

    Categories ``False`` and ``True`` are true or false, unless the query compares them with texts. Categories that read
    as numbers are numbers, if it compares them with numbers.

    Raises:
        DatasetError: The query compares texts with numbers, which would find nothing.
    """
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column
    kinds = {kind for name, kind in _comparisons(expr) if name == key}
    texts = list(column.cat.categories)
    if texts == ["False", "True"] and "text" not in kinds:
        codes = column.cat.codes.to_numpy()
        missing = codes < 0
        values: Any = pd.arrays.BooleanArray(codes == 1, missing) if missing.any() else codes == 1
        return pd.Series(values, index=column.index, name=key)
    if "number" not in kinds:
        return column
    numbers = _numbers(texts)
    if numbers is None or "text" in kinds:
        example = f"`{key} == {texts[0]!r}`" if texts else "texts"
        raise DatasetError(
            f"cannot evaluate the query {expr!r}: an export keeps the categories of {key!r} as texts"
            + (", which are no numbers" if numbers is None else "")
            + f"; compare them with texts alone, as in {example}"
        )
    return column.cat.rename_categories(numbers)


def _numbers(texts: Sequence[str]) -> list[int] | list[float] | None:
    """The numbers that texts are, if all of them are, and no two the same one."""
    for kind in (int, float):
        try:
            numbers = [kind(text) for text in texts]
        except ValueError:
            continue
        if len(set(numbers)) == len(texts) and np.isfinite(np.array(numbers, dtype=float)).all():
            return numbers
    return None


def _comparisons(expr: str) -> Iterator[tuple[str, Kind]]:
    """What a query compares with literals: the name, and the kind of the literal; nothing of what is no query."""
    quoted: list[str] = []

    def name(match: re.Match[str]) -> str:
        quoted.append(match[1])
        return f" __quoted_{len(quoted) - 1} "

    try:
        tree = ast.parse(_with_words(re.sub("`([^`]*)`", name, expr).strip()), mode="eval")
    except (SyntaxError, tokenize.TokenError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            pairs = [*pairwise(sides), *pairwise(sides[::-1])]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):  # column.isin([…])
            pairs = [(node.func.value, argument) for argument in node.args]
        for one, other in pairs:
            if isinstance(one, ast.Name):
                label = quoted[int(one.id[9:])] if one.id.startswith("__quoted_") else one.id
                yield from ((label, kind) for kind in _kinds(other))


def _with_words(expr: str) -> str:
    """The query with `and` and `or` for ``&`` and ``|``, which pandas takes for these."""
    words = {"&": " and ", "|": " or "}
    tokens = tokenize.generate_tokens(io.StringIO(expr).readline)
    return tokenize.untokenize((token.type, words.get(token.string, token.string)) for token in tokens)


def _kinds(node: ast.expr) -> Iterator[Kind]:
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        for element in node.elts:
            yield from _kinds(element)
    elif isinstance(node, ast.UnaryOp):
        yield from _kinds(node.operand)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield "text"
        elif isinstance(node.value, int | float) and not isinstance(node.value, bool):
            yield "number"
