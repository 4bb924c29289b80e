"""The notes on security say what is tested: each of their lines names tests, and each of these is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTES = ROOT / "docs/security.md"
NAMED = re.compile(r"`((?:tests|ui-tests|js/tests)/[^`:]+)::([^`]+)`")
pytestmark = pytest.mark.skipif(not NOTES.exists(), reason="an sdist has no docs")


def is_there(file: str, name: str) -> bool:
    path = ROOT / file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if path.suffix == ".py":
        return re.search(rf"^(?:async )?def {re.escape(name)}\(", text, re.MULTILINE) is not None
    return f'it("{name}"' in text or f'test("{name}"' in text


def missing(notes: str) -> list[str]:
    return [f"{file}::{name}" for file, name in NAMED.findall(notes) if not is_there(file, name)]


def bare(notes: str) -> list[str]:
    """The lines of tables that name no test, but for their heads."""
    rows = [line for line in notes.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [row for row in rows if not row.endswith("| tests |") and NAMED.search(row.rsplit("|", 2)[1]) is None]


def test_every_test_that_is_named_is_there():
    notes = NOTES.read_text(encoding="utf-8")
    assert len(NAMED.findall(notes)) > 40
    assert missing(notes) == []


def test_every_line_names_a_test():
    notes = NOTES.read_text(encoding="utf-8")
    assert bare(notes) == []


def test_what_is_not_there_would_be_found():
    here = "`tests/test_security_notes.py::test_every_line_names_a_test`"
    gone = "`tests/test_security_notes.py::test_every_line`"
    assert missing(here + gone) == [gone.strip("`")]
    assert missing("`js/tests/unit/probe.test.ts::follows`") == ["js/tests/unit/probe.test.ts::follows"]
    assert bare(f"| they try | what | tests |\n|---|---|---|\n| a | {here} | {here} |\n| b | {here} | |") == [
        f"| b | {here} | |"
    ]
