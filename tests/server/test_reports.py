"""Errors as they are told: without the paths of files."""

from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellucid.server.reports import report, without_paths

NAMES = st.text(ascii_letters + digits + "_.é-", min_size=3, max_size=12).filter(lambda name: name.strip("."))
PARTS = st.lists(NAMES, min_size=2, max_size=5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[Errno 2] No such file: '/data/trial 7/p1.h5ad'", "[Errno 2] No such file: '…/p1.h5ad'"),
        ("cannot open /data/trial/p1.h5ad, gave up", "cannot open …/p1.h5ad, gave up"),
        (r"cannot open C:\Data\p1.h5ad", "cannot open …/p1.h5ad"),
        (r"cannot open '\\server\share\my data\p1.h5ad'", "cannot open '…/p1.h5ad'"),
        ("see file:///data/trial/p1.h5ad", "see …/p1.h5ad"),
        ("in ~/data/p1.h5ad:3", "in …/p1.h5ad:3"),
        ("path:/data/trial/p1.h5ad", "path:…/p1.h5ad"),
    ],
)
def test_an_absolute_path_is_cut_to_its_last_part(text, told):
    assert without_paths(text) == told


@pytest.mark.parametrize(
    "text",
    ["there is no resource 'obs/leiden.codes.u8'", "CD4/CD8 and/or a / b", "see http://127.0.0.1:80/d/x", "50%/2", ""],
)
def test_what_is_no_absolute_path_stays(text):
    assert without_paths(text) == text


@given(PARTS, st.sampled_from(["/", "~/", "C:\\", "C:/", "\\\\host\\", "file:///"]), st.booleans())
def test_no_folder_is_left_of_any_path(parts, root, quoted):
    path = root + ("\\" if "\\" in root else "/").join(parts)
    told = without_paths(f"reading {path!s} failed" if not quoted else f'reading "{path}" failed')
    assert told == (f'reading "…/{parts[-1]}" failed' if quoted else f"reading …/{parts[-1]} failed")


@given(st.text())
def test_any_text_can_be_told(text):
    without_paths(text)


def test_a_report_says_what_happened_where_and_why():
    def read():
        try:
            raise OSError(2, "No such file", "/data/trial/p1.h5ad")
        except OSError as error:
            raise ValueError("not readable") from error

    with pytest.raises(ValueError, match="not readable") as raised:
        read()
    told = report(raised.value)
    assert "ValueError: not readable\ncaused by\n" in told
    assert "server/test_reports.py:" in told
    assert told.endswith("in read\nFileNotFoundError: [Errno 2] No such file: '…/p1.h5ad'")
    assert __file__ not in told
    assert "/data" not in told
