"""Filters: what is accepted, and which cells pass."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cellucid.cells import FilterError, normal_filter, passing

LEIDEN = ("0", "1", "10")
CODES = np.array([0, 1, 2, -1, 1])
VALUES = np.array([0.05, 1, np.nan, -3, 7], dtype=np.float32)


def cells_that_pass(entry, values, categories):
    passes = passing(normal_filter(entry, categories), values, categories)
    return np.arange(len(values)).tolist() if passes is None else np.flatnonzero(passes).tolist()


@pytest.mark.parametrize(
    ("entry", "cells"),
    [
        ({"hide": ["1"]}, [0, 2, 3]),
        ({"hide": ["1", "0"], "keep_missing": False}, [2]),
        ({"hide": ["1"], "enabled": False}, [0, 1, 2, 3, 4]),
        ({"hide": []}, [0, 1, 2, 3, 4]),
        ({"keep_missing": False}, [0, 1, 2, 4]),
        ({}, [0, 1, 2, 3, 4]),
    ],
)
def test_hidden_categories_go_and_missing_ones_stay_unless_said(entry, cells):
    assert cells_that_pass(entry, CODES, LEIDEN) == cells


@pytest.mark.parametrize(
    ("entry", "cells"),
    [
        ({"min": 1}, [1, 4]),
        ({"max": 1}, [0, 1, 3]),
        ({"min": -3, "max": 1}, [0, 1, 3]),
        ({"min": 1, "keep_missing": True}, [1, 2, 4]),
        ({"max": 0.05}, [0, 3]),  # as float32 it is larger than 0.05, which is what the person wrote
        ({"keep_missing": False}, [0, 1, 3, 4]),
        ({"max": 1e300}, [0, 1, 3, 4]),
        ({"min": 1, "enabled": False}, [0, 1, 2, 3, 4]),
        ({}, [0, 1, 2, 3, 4]),
    ],
)
def test_a_range_has_both_its_ends_and_missing_values_go_unless_said(entry, cells):
    assert cells_that_pass(entry, VALUES, None) == cells


@pytest.mark.parametrize(
    ("entry", "categories", "says"),
    [
        (["1"], LEIDEN, "dict such as"),
        ({"hide": "1"}, LEIDEN, "list of categories, got '1'"),
        ({"hide": ["11"]}, LEIDEN, "'11'. Did you mean '1' or '10'"),
        ({"min": 1}, LEIDEN, "'min'"),
        ({"hide": ["1"]}, None, "'hide'"),
        ({"min": "low"}, None, "'low'"),
        ({"min": float("nan")}, None, "nan"),
        ({"max": float("inf")}, None, "inf"),
        ({"max": True}, None, "True"),
        ({"min": 2, "max": 1}, None, "no cell would pass"),
        ({"min": 2, "enabled": 1}, None, "enabled is True or False, got 1"),
        ({"mni": 2}, None, "min, max, enabled, keep_missing"),
    ],
)
def test_what_is_no_filter_is_refused_with_the_reason(entry, categories, says):
    with pytest.raises(FilterError) as refusal:
        normal_filter(entry, categories)
    assert says in str(refusal.value)


def test_numpys_values_become_plain_ones():
    taken = normal_filter({"min": np.float32(0.5), "max": np.int64(3), "keep_missing": np.bool_(True)}, None)
    assert taken == {"min": 0.5, "max": 3.0, "keep_missing": True}
    assert {type(value) for value in taken.values()} == {float, bool}
    assert normal_filter({"hide": np.array([1, 10, 1])}, LEIDEN) == {"hide": ["1", "10"]}


@given(
    hnp.arrays(np.float32, st.integers(0, 30), elements=st.floats(width=32, allow_infinity=False)),
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
)
def test_a_range_is_what_numpy_says(values, low, width):
    entry = normal_filter({"min": low, "max": low + width}, None)
    expected = (values >= np.float32(low)) & (values <= np.float32(low + width))
    np.testing.assert_array_equal(passing(entry, values, None), expected)


@given(st.data())
def test_hiding_all_categories_leaves_the_missing(data):
    codes = data.draw(hnp.arrays(np.int32, st.integers(0, 30), elements=st.integers(-1, 2)))
    np.testing.assert_array_equal(passing({"hide": list(LEIDEN)}, codes, LEIDEN), codes < 0)
