"""Under which address a browser reaches the data server."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        "https://x/?",
        "https://x/#",
        "http://a b/",
        "http://x/a\nb",
        "http://x\\y/",
        "http://:80/",
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


@pytest.mark.parametrize("log", ["jupyter_server.log", "jupyterhub.log"])
def test_jupyters_logs_leave_the_token_out_of_an_address_of_their_proxy(log):
    scrub = pytest.importorskip(log)._scrub_uri
    address = viewer_address("https://hub.example.org/user/ana/proxy/4711/", "v1", "the-secret")
    assert parse_qs(urlsplit(address).query) == {"viewerId": ["v1"], "viewer_token": ["the-secret"]}
    assert "the-secret" not in scrub(address)


def test_an_address_with_a_password_is_refused_and_not_shown():
    with pytest.raises(ValueError, match=OVERRIDE) as refusal:
        override_address({OVERRIDE: "https://ana:secret@lab.example.org/"})
    assert "secret" not in str(refusal.value)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text):
    try:
        address = override_address({OVERRIDE: text})
    except ValueError:
        return
    assert address is None or (address.endswith("/") and urlsplit(address).hostname)


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"), min_size=1))
def test_whatever_a_viewer_is_called_its_address_says_it(viewer_id, token):
    query = urlsplit(viewer_address("http://x/", viewer_id, token)).query
    assert parse_qs(query, keep_blank_values=True) == {"viewerId": [viewer_id], "viewerToken": [token]}
