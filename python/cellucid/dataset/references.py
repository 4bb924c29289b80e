"""What a person means by the name of a field, and what they may have meant where there is none."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cellucid.dataset.base import FieldRef
from cellucid.dataset.errors import REMEDY, AmbiguousGene, UnknownField

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

# difflib takes about 20 microseconds a name; names of quite another length cannot be misspellings.
_LENGTH_TOLERANCE = 3


def resolve_field(
    text: str,
    obs_keys: Iterable[str],
    genes: pd.Index[Any],
    left_out: Mapping[str, str] = MappingProxyType({}),
    layer: str | None = None,
    others: Iterable[tuple[str, pd.Index[Any]]] = (),
) -> FieldRef:
    """Finds the obs column or gene that a name stands for.

    An obs column of exactly this name comes first, even if the name has a colon; then the explicit forms ``obs:x``
    and ``gene:x``; then a gene of exactly this name; then one that another column of ``var`` calls so.

    Args:
        text: The name.
        obs_keys: Keys of the obs columns that can be shown.
        genes: Gene names of the matrix in use.
        left_out: Obs columns that cannot be shown, and why.
        layer: What to call the matrix in use in a message, where a person has named one.
        others: Other names of the genes by the column that has them; looked at only where `genes` has none.

    Returns:
        A gene by the name that `genes` has for it, where no other gene has it as well.

    Raises:
        UnknownField: There is neither.
        AmbiguousGene: It is the name of several genes.
    """
    obs_keys = tuple(obs_keys)
    for ref in _readings(text):
        if ref.key in (obs_keys if ref.kind == "obs" else genes):
            if ref.kind == "gene":
                gene_position(ref.key, genes, others)
            return ref
    for ref in _readings(text):
        if ref.kind == "gene" and (position := _called_so(ref.key, genes, others)) is not None:
            name = genes[position]
            return FieldRef("gene", name if isinstance(genes.get_loc(name), int) else ref.key)
    prefix, colon, key = text.partition(":")
    kind = prefix if colon and prefix in ("obs", "gene") else None
    name = key if kind else text
    if name in left_out and kind != "gene":
        raise UnknownField(f"the obs column {name!r} cannot be shown: {left_out[name]}")
    searched = [*(obs_keys if kind != "gene" else ()), *(_all_names(genes, others) if kind != "obs" else ())]
    matches = close_matches(name, searched)
    hint = f"Close matches: {some(matches)}." if matches else f"The obs columns are {some(obs_keys)}."
    matrix = "the matrix in use" if layer is None else f"the layer {layer!r}"
    raise UnknownField(f"{text!r} is neither an obs column nor a gene of {matrix}. {hint}")


def gene_position(name: str, genes: pd.Index[Any], others: Iterable[tuple[str, pd.Index[Any]]] = ()) -> int:
    """The column of a gene.

    Args:
        name: The gene's name.
        genes: The names of the matrix.
        others: Other names of the genes by the column that has them; looked at only where `genes` has none.

    Raises:
        UnknownField: There is no such gene.
        AmbiguousGene: Several columns have this name.
    """
    if name in genes:
        found = genes.get_loc(name)
        if isinstance(found, int):
            return found
        columns = [j for j, gene in enumerate(genes) if gene == name]
        apart = [(label, names[columns]) for label, names in others if _tells_apart(names, columns)]
        way_out = f"Name one by {apart[0][0]!r}: {some(apart[0][1])}; or make" if apart else "Make"
        raise AmbiguousGene(
            f"{len(columns)} columns are named {name!r}: {some(columns)}. "
            f"{way_out} gene names unique with `adata.var_names_make_unique()`, then {REMEDY}."
        )
    if (position := _called_so(name, genes, others)) is not None:
        return position
    matches = close_matches(name, _all_names(genes, others))
    hint = f" Close matches: {some(matches)}." if matches else ""
    raise UnknownField(f"{name!r} is not among the {len(genes):,} genes of this matrix.{hint}")


def _called_so(name: str, genes: pd.Index[Any], others: Iterable[tuple[str, pd.Index[Any]]]) -> int | None:
    """The column of the one gene that has a name in another column of ``var``; None where none has.

    Raises:
        AmbiguousGene: Several genes have it there.
    """
    if not name:
        return None
    ambiguous: AmbiguousGene | None = None
    for label, names in others:
        if name not in names:
            continue
        found = names.get_loc(name)
        if isinstance(found, int):
            return found
        own = genes[names == name]
        ambiguous = ambiguous or AmbiguousGene(f"{len(own)} genes are {name!r} in {label!r}: name one of {some(own)}.")
    if ambiguous is not None:
        raise ambiguous
    return None


def _tells_apart(names: pd.Index[Any], columns: list[int]) -> bool:
    """Whether each of some columns has a name that no other has."""
    some = names[columns]
    return bool((some != "").all() and names.isin(some).sum() == len(columns))


def _all_names(genes: pd.Index[Any], others: Iterable[tuple[str, pd.Index[Any]]]) -> Iterator[str]:
    yield from genes
    for _, names in others:
        yield from names


def unambiguous(genes: pd.Index[Any]) -> pd.Index[Any]:
    """The names that only one column has, in their order."""
    return genes[~genes.duplicated(keep=False)]


def close_matches(name: str, candidates: Iterable[str], limit: int = 5) -> list[str]:
    """Names that may have been meant: equal but for case first, then those it begins, then misspellings."""
    wanted = name.casefold()
    if not wanted:
        return []
    same: list[str] = []
    longer: list[str] = []
    similar: dict[str, str] = {}
    for candidate in candidates:
        folded = str(candidate).casefold()
        if folded == wanted:
            same.append(candidate)
        elif folded.startswith(wanted):
            longer.append(candidate)
        elif abs(len(folded) - len(wanted)) <= _LENGTH_TOLERANCE:
            similar.setdefault(folded, candidate)
    found = list(dict.fromkeys([*same, *sorted(longer, key=len)]))
    if len(found) < limit:
        found += [similar[match] for match in get_close_matches(wanted, similar, n=limit, cutoff=0.6)]
    return found[:limit]


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A question that follows a sentence, with a space before it; nothing where no name is close."""
    close = close_matches(name, candidates, limit=3)
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""


def _readings(text: str) -> Iterator[FieldRef]:
    yield FieldRef("obs", text)
    prefix, colon, key = text.partition(":")
    if colon and prefix == "obs":
        yield FieldRef("obs", key)
    if colon and prefix == "gene":
        yield FieldRef("gene", key)
    yield FieldRef("gene", text)


def no_obs_column(key: str, obs_keys: Iterable[str], left_out: Mapping[str, str]) -> UnknownField:
    """Why an obs column is not shown: for a reason of its own, or because there is none."""
    if reason := left_out.get(key):
        return UnknownField(f"the obs column {key!r} cannot be shown: {reason}")
    return UnknownField(f"there is no obs column {key!r}; expected one of {some(obs_keys)}")


def some(values: Iterable[object], limit: int = 10) -> str:
    """The first of some values, for a message."""
    shown = [repr(value) for value in values]
    return ", ".join(shown[:limit]) + (", …" if len(shown) > limit else "") if shown else "none"
