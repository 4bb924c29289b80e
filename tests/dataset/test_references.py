from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.dataset import AmbiguousGene, FieldRef, UnknownField
from cellucid.dataset.manifest import gene_listing
from cellucid.dataset.references import close_matches, resolve_field, unambiguous

OBS = ("louvain", "CD4", "gene:CD8A", "n_counts")
GENES = pd.Index(["CD4", "CD8A", "CD8B", "MS4A1", "obs:odd", "twice", "twice"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("louvain", FieldRef("obs", "louvain")),
        ("CD4", FieldRef("obs", "CD4")),
        ("gene:CD4", FieldRef("gene", "CD4")),
        ("obs:CD4", FieldRef("obs", "CD4")),
        ("CD8A", FieldRef("gene", "CD8A")),
        ("gene:CD8A", FieldRef("obs", "gene:CD8A")),
        ("gene:gene:CD8A", None),
        ("obs:odd", FieldRef("gene", "obs:odd")),
        ("obs:gene:CD8A", FieldRef("obs", "gene:CD8A")),
    ],
)
def test_an_obs_column_wins_and_prefixes_say_which(text: str, expected: FieldRef | None) -> None:
    if expected is None:
        with pytest.raises(UnknownField):
            resolve_field(text, OBS, GENES)
    else:
        assert resolve_field(text, OBS, GENES) == expected


def test_an_unknown_name_is_answered_with_close_ones_of_both_kinds() -> None:
    with pytest.raises(UnknownField) as caught:
        resolve_field("cd8a", OBS, GENES)
    assert str(caught.value).startswith("'cd8a' is neither an obs column nor a gene of the matrix in use.")
    assert "Close matches: 'CD8A'" in str(caught.value)
    with pytest.raises(UnknownField, match="'n_counts'"):
        resolve_field("ncounts", OBS, GENES)
    with pytest.raises(UnknownField, match="The obs columns are 'louvain'"):
        resolve_field("zzzzzzzzzzz", OBS, GENES)


def test_a_column_that_is_left_out_says_why() -> None:
    with pytest.raises(UnknownField, match="'z' cannot be shown: complex numbers"):
        resolve_field("z", OBS, GENES, {"z": "complex numbers"})


@pytest.mark.parametrize("text", ["twice", "gene:twice"])
def test_a_gene_name_of_several_columns_is_ambiguous(text: str) -> None:
    with pytest.raises(AmbiguousGene, match=r"2 columns are named 'twice': 5, 6.*var_names_make_unique"):
        resolve_field(text, OBS, GENES)


# NUL apart: pandas does not tell a name that ends in it from the one without.
@given(st.lists(st.text(st.characters(exclude_categories=[], exclude_characters="\0"), max_size=2)))
def test_unambiguous_names_are_those_of_one_column_in_their_order(names: list[str]) -> None:
    genes = pd.Index(names, dtype=object)
    assert list(unambiguous(genes)) == [name for name in names if names.count(name) == 1]
    several = {name for name in names if names.count(name) > 1}
    assert gene_listing(genes) == {"genes": list(unambiguous(genes)), "ambiguous": len(several)}


def test_close_matches_are_first_those_that_differ_in_case_then_the_longer_then_the_misspelt() -> None:
    assert close_matches("cd8", ["CD8B", "CD4", "CD8", "CD8A"]) == ["CD8", "CD8B", "CD8A", "CD4"]
    assert close_matches("", ["a"]) == []
