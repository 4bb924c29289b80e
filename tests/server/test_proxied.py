"""The address behind a proxy, from what the proxy says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from cellucid.server.proxied import address_behind_proxy

HUB = {"host": "hub.example.org", "x-forwarded-prefix": "/user/ada/proxy/4711"}


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ({}, "http://hub.example.org/user/ada/proxy/4711/"),
        ({"x-forwarded-proto": "https,http"}, "https://hub.example.org/user/ada/proxy/4711/"),
        ({"referer": "https://hub.example.org/user/ada/lab"}, "https://hub.example.org/user/ada/proxy/4711/"),
        ({"x-forwarded-host": "lab.example.org:8443, inner"}, "http://lab.example.org:8443/user/ada/proxy/4711/"),
        ({"x-forwarded-prefix": "", "x-forwarded-context": "/proxy/1/"}, "http://hub.example.org/proxy/1/"),
        ({"host": "[::1]:8888"}, "http://[::1]:8888/user/ada/proxy/4711/"),
        ({"x-forwarded-prefix": ""}, None),
        ({"x-forwarded-prefix": "/"}, None),
        ({"x-forwarded-prefix": "//evil.example.org"}, None),
        ({"x-forwarded-prefix": "/a?b"}, None),
        ({"x-forwarded-prefix": "/" + "a" * 2000}, None),
        ({"x-forwarded-proto": "javascript"}, None),
        ({"host": "a b"}, None),
        ({"host": "user@hub.example.org"}, None),
    ],
)
def test_it_is_made_of_scheme_host_and_prefix(said, address):
    assert address_behind_proxy(Headers({**HUB, **said})) == address


@given(st.fixed_dictionaries({}, optional={name: st.text(max_size=40) for name in (*HUB, "referer")}))
def test_whatever_is_said_it_is_an_address_or_none(said):
    address = address_behind_proxy(said)
    assert address is None or (address.startswith(("http://", "https://")) and address.endswith("/"))
