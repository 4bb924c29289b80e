"""Under which address a browser reaches the data server."""

from urllib.parse import parse_qs, urlsplit

import pytest

from cellucid.connect import OVERRIDE, override_address, viewer_address


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://lab.example.org/cells", "https://lab.example.org/cells/"),
        (" http://localhost:4711/ ", "http://localhost:4711/"),
        ("http://[::1]:80", "http://[::1]:80/"),
        ("", None),
    ],
)
def test_the_environment_prescribes_an_address(given, address):
    assert override_address({OVERRIDE: given}) == address
    assert override_address({}) is None


@pytest.mark.parametrize(
    "given",
    [
        "lab.example.org",
        "ftp://x/",
        "https://",
        "http://x:port/",
        "http://[::1/",
        "https://x/?a=1",
        "https://x/#a",
        "/x",
    ],
)
def test_what_is_no_address_is_named_with_the_variable(given):
    with pytest.raises(ValueError, match=OVERRIDE) as refusal:
        override_address({OVERRIDE: given})
    assert repr(given) in str(refusal.value)


def test_the_address_of_a_viewer_carries_what_it_needs():
    address = viewer_address("https://lab.example.org/cells/", "v1", "a+b/c=")
    assert address.startswith("https://lab.example.org/cells/?")
    assert parse_qs(urlsplit(address).query) == {"viewerId": ["v1"], "viewerToken": ["a+b/c="]}
