from __future__ import annotations

import time

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from cellucid.dataset.identity import fingerprint

names = st.lists(st.text(max_size=5), max_size=8)


@given(names, names)
def test_fingerprints_are_equal_for_equal_names_in_equal_order(one: list[str], other: list[str]) -> None:
    assert fingerprint(one) == fingerprint(pd.Index(one, dtype=object))
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    assert fingerprint(["AAAC-1", "AAAG-1"]) == "47b82e58de6eb9c057e66501d45daa73"


def test_a_million_names_take_well_under_two_seconds() -> None:
    many = pd.Index([f"cell-{i}" for i in range(1_000_000)])
    start = time.perf_counter()
    fingerprint(many)
    assert time.perf_counter() - start < 2
