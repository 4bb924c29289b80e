"""What the built viewer may ask for: nothing of anywhere but the data server, or the host that it came from."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parent.parent / "python/cellucid/static"
BUNDLES = sorted(file.name for file in STATIC.glob("*.js"))

# Names of XML, which nobody asks for; and the data server of the machine that the browser runs on.
KNOWN = re.compile(r"http://www\.w3\.org/(1998/Math/MathML|1999/xhtml|2000/svg)|http://127\.0\.0\.1:\$\{")
ADDRESS = re.compile(r"(?:https?|wss?|ftp)://[^\s\"'`)]*|(?<=[\"'`(])//[\w-]+\.[^\s\"'`)]*")
LOADED = re.compile(r"url\((?![\"']?(?:data:|#))|\bimport\s*\(|@import\b|\bimportScripts\b|sourceMappingURL")


def addresses(text: str) -> list[str]:
    """The addresses in a bundle that lead somewhere else."""
    return [found for found in ADDRESS.findall(text) if not KNOWN.match(found) and re.search(r"[/.]\w", found)]


def test_the_bundles_are_those_of_the_notebook_the_tab_and_the_page_without_python():
    assert BUNDLES == ["page.js", "site.js", "widget.js"]


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_has_no_address_of_anywhere_else(name):
    text = (STATIC / name).read_text(encoding="utf-8")
    assert addresses(text) == []
    assert LOADED.findall(text) == []


@pytest.mark.parametrize(
    "address",
    [
        "https://cdn.example.org/x.js",
        "http://10.0.0.1/",
        "wss://example.org",
        "//cdn.example.org/x.css",
        "http://127.0.0.1/",
    ],
)
def test_an_address_of_somewhere_else_would_be_found(address):
    assert addresses(f'const here="http://www.w3.org/2000/svg",there="{address}";') == [address]
