"""Queries on an export, which keeps categories as texts: what an AnnData answers, or an error, but never no cells."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from cellucid import prepare
from cellucid.dataset import Dataset, DatasetError, open_dataset

N = 60


def table() -> pd.DataFrame:
    rows = np.arange(N)
    return pd.DataFrame(
        {
            "k": pd.Categorical(rows % 4),
            "dose": pd.Categorical(np.array([0.1, 2.5, 10.0])[rows % 3]),
            "b": rows % 5 == 0,
            "maybe": pd.array(np.where(rows % 2 == 0, rows % 3 == 0, None), dtype="boolean"),
            "yes": pd.Categorical(np.where(rows % 3 == 0, "True", "False")),
            "leiden": pd.Categorical((rows % 7).astype(str)),
            "cell type": pd.Categorical(np.array(["T & B", "3"])[rows % 2]),
            "n": rows / 2,
        },
        index=[f"c{i}" for i in rows],
    )


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Dataset]:
    data = ad.AnnData(obs=table(), obsm={"X_umap": np.random.default_rng(0).normal(size=(N, 2))})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = prepare(data, tmp_path_factory.mktemp("export") / "made", progress=False)
    return open_dataset(data), open_dataset(folder)


@pytest.mark.parametrize(
    "expression",
    [
        "k == 3",
        "k != 3 and n > 4",
        "2 == k",
        "(k == 1) & (n > 4) | b",
        "k in [1, 3]",
        "k.isin([1, 3])",
        "k == 99",
        "dose == 2.5",
        "dose == 10",
        "b",
        "~b & n < 20",
        "b == True",
        "maybe",
        "~maybe",
        "yes == 'True'",
        "leiden == '3'",
        "leiden in ['3', '5'] and k == 3",
        "`cell type` == 'T & B' and k == 2",
        "n == 7",
    ],
)
def test_a_query_finds_in_an_export_what_it_finds_in_the_anndata(
    expression: str, both: tuple[Dataset, Dataset]
) -> None:
    data, export = both
    found = export.query(expression).tolist()
    assert found == data.query(expression).tolist()
    assert found or expression == "k == 99"


def test_texts_that_read_as_numbers_are_compared_as_these(both: tuple[Dataset, Dataset]) -> None:
    assert both[1].query("leiden == 3").tolist() == both[0].query("leiden == '3'").tolist()


@pytest.mark.parametrize("expression", ["`cell type` == 3", "`cell type`.isin([3])", "k == 3 or k == '3'"])
def test_texts_are_not_compared_with_numbers_in_silence(expression: str, both: tuple[Dataset, Dataset]) -> None:
    with pytest.raises(DatasetError, match=r"cannot evaluate the query .* an export keeps .* as texts"):
        both[1].query(expression)


@pytest.mark.parametrize("expression", ["`cell type", "k ==", "k == 3 &", "", "k > 2"])
def test_what_is_no_query_is_refused_as_ever(expression: str, both: tuple[Dataset, Dataset]) -> None:
    for dataset in both:
        with pytest.raises(DatasetError, match="cannot evaluate the query"):
            dataset.query(expression)
