"""What scientists have in their hands, as JSON values."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.channel.plain import plain

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_json_values_stay_as_they_are(value):
    assert plain(value) == value


def test_arrays_and_their_scalars_become_lists_and_numbers():
    message = {
        "cells": np.array([1, 2], dtype=np.uint32),
        "index": pd.Index(["a", "b"]),
        "series": pd.Series([True, False]),
        "one": np.int64(3),
        "set": {5},
        "tuple": (np.float32(0.5), None),
        "range": range(3),
    }
    expected = {
        "cells": [1, 2],
        "index": ["a", "b"],
        "series": [True, False],
        "one": 3,
        "set": [5],
        "tuple": [0.5, None],
        "range": [0, 1, 2],
    }
    assert json.loads(json.dumps(plain(message), allow_nan=False)) == expected


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        ({"a": [1, float("nan")]}, ValueError, "message['a'][1] is nan"),
        ({"a": np.array([np.inf])}, ValueError, "message['a'][0] is inf"),
        ({1: 2}, TypeError, "the key 1"),
        ({"f": print}, TypeError, "message['f'] is of type builtin_function_or_method"),
        (nested(100), ValueError, "nested deeper than 32"),
    ],
)
def test_what_json_has_no_form_for_is_refused_by_its_place(value, error, says):
    with pytest.raises(error) as refusal:
        plain(value)
    assert says in str(refusal.value)
