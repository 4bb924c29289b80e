from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.dataset.encode import (
    array_resource,
    codes_dtype,
    encode_codes,
    float32_copy,
    json_resource,
    missing_code,
    quote_key,
    unquote_key,
)
from cellucid.dataset.paths import gene_names_path, gene_path, parse_gene_names_path, parse_gene_path

keys = st.text(st.characters(exclude_categories=[]))


@given(keys, keys)
def test_a_key_survives_its_path_and_shares_it_with_no_other(key: str, other: str) -> None:
    assert unquote_key(quote_key(key)) == key
    assert (quote_key(key) == quote_key(other)) == (key == other)
    assert "/" not in quote_key(key)


@given(keys, st.none() | keys)
def test_a_gene_survives_its_path(gene: str, layer: str | None) -> None:
    assert parse_gene_path(gene_path(gene, layer)) == (gene, layer)


@pytest.mark.parametrize(
    "path", ["var/A", "var/A.values.f64", "var/A/B.values.f32", "var/%41.values.f32", "obs/A.values.f32", "", "var/"]
)
def test_only_the_one_spelling_is_a_gene_path(path: str) -> None:
    assert parse_gene_path(path) is None


@given(keys, st.none() | keys)
def test_a_list_of_genes_is_found_by_its_layer_and_is_no_gene(gene: str, layer: str | None) -> None:
    assert parse_gene_names_path(gene_names_path(layer)) == layer
    assert parse_gene_path(gene_names_path(layer)) is None
    assert parse_gene_names_path(gene_path(gene, layer)) is None


@pytest.mark.parametrize(
    "path",
    ["layers/%41/var/genes.json", "layers/A/var/genes.JSON", "layers/A/genes.json", "layers/a/b/var/genes.json", ""],
)
def test_only_the_one_spelling_is_a_list_of_genes(path: str) -> None:
    assert parse_gene_names_path(path) is None


def test_keys_are_quoted_as_in_the_browser() -> None:
    assert quote_key("HLA-A/B é(*)~_.") == "HLA-A%2FB%20%C3%A9%28%2A%29~_."


@pytest.mark.parametrize(
    ("n_categories", "dtype"),
    [(0, "uint8"), (254, "uint8"), (255, "uint16"), (65_534, "uint16"), (65_535, "uint32"), (1_000_000, "uint32")],
)
def test_codes_take_the_smallest_type_that_leaves_room_for_missing(n_categories: int, dtype: str) -> None:
    assert codes_dtype(n_categories) == dtype
    encoded = encode_codes(np.array([0, -1, max(n_categories - 1, 0)]), n_categories)
    assert encoded.tolist() == [0, missing_code(n_categories), max(n_categories - 1, 0)]
    assert missing_code(n_categories) == np.iinfo(dtype).max


@pytest.mark.parametrize(
    "array", [np.arange(6, dtype=">f4").reshape(2, 3), np.asfortranarray(np.eye(3)), np.empty((0, 2))]
)
def test_a_resource_is_little_endian_in_c_order_and_read_only(array: np.ndarray) -> None:
    resource = array_resource(array)
    assert bytes(resource.data) == array.astype(array.dtype.newbyteorder("<")).tobytes("C")
    assert np.array_equal(resource.as_array(), array)
    assert len(resource) == resource.nbytes == array.nbytes
    assert not resource.as_array().flags.writeable


def test_an_etag_is_that_of_the_content() -> None:
    one, same, other = (array_resource(np.array(values)) for values in ([1, 2], [1, 2], [1, 3]))
    assert one.etag == same.etag != other.etag


def test_float32_is_always_a_copy() -> None:
    values = np.ones(3, dtype=np.float32)
    assert not np.shares_memory(float32_copy(values), values)
    assert float32_copy(np.array([1e300, -1e300])).tolist() == [np.inf, -np.inf]


def test_json_never_has_tokens_that_browsers_refuse() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_resource({"x": float("nan")})
    resource = json_resource({"é": [1.5, None]})
    assert json.loads(bytes(resource.data)) == {"é": [1.5, None]}
    with pytest.raises(TypeError, match="application/json is not an array"):
        resource.as_array()
