"""`cellucid page`: the viewer as a file, beside exports that it can find."""

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from cellucid.cli import main
from cellucid.export.page import page_text, write_page

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
EXPORTS = VECTORS / "exports"


@pytest.fixture
def site(tmp_path):
    """A folder with two exports."""
    shutil.copytree(VECTORS / "own_exports/own-none", tmp_path / "site/own-none")
    shutil.copytree(EXPORTS / "C-none", tmp_path / "site/C-none")
    return tmp_path / "site"


def test_the_page_is_one_file_that_allows_its_own_code_alone():
    text = page_text()
    (code,) = re.findall(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    policy = re.search('Content-Security-Policy" content="([^"]+)"', text)[1]
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "connect-src 'self'; " in policy
    assert text.index("Content-Security-Policy") < text.index("<style>"), "it holds for what comes after it"
    assert re.findall(r'(?:src|href)="', text.replace(code, "")) == []


def test_a_folder_of_exports_gets_the_page_and_their_list(site, capsys):
    assert main(["page", str(site)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"{site / 'index.html'}: 0.2 MB\n")
    assert said.err == ""
    assert (site / "index.html").read_text(encoding="utf-8") == page_text()
    listed = json.loads((site / "datasets.json").read_text())
    assert [entry["path"] for entry in listed["datasets"]] == ["C-none/", "own-none/"]
    assert sorted(entry.name for entry in site.iterdir()) == ["C-none", "datasets.json", "index.html", "own-none"]


def test_an_export_itself_gets_the_page_alone(site):
    write_page(site / "C-none")
    assert (site / "C-none/index.html").is_file()
    assert not (site / "C-none/datasets.json").exists()


def test_a_folder_that_is_not_there_is_made(tmp_path):
    assert write_page(tmp_path / "new" / "site") == tmp_path / "new" / "site" / "index.html"
    assert [entry.name for entry in (tmp_path / "new/site").iterdir()] == ["index.html"]


def test_what_somebody_has_put_in_its_way_is_not_written_through(site, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("mine")
    (site / ".index.html.partial").symlink_to(other)
    write_page(site)
    assert other.read_text() == "mine"
    assert (site / "index.html").read_text(encoding="utf-8") == page_text()


def test_a_page_of_ours_is_replaced_and_a_list_stays(site):
    write_page(site)
    page, listed = site / "index.html", site / "datasets.json"
    page.write_text(
        page.read_text(encoding="utf-8").replace("<title>cellucid", "<title>an older one"), encoding="utf-8"
    )
    listed.write_text(listed.read_text().replace("\n", "\n\n"))
    before = listed.read_text()
    write_page(site)
    assert page.read_text(encoding="utf-8") == page_text()
    assert listed.read_text() == before


@pytest.mark.parametrize(
    "content", ["<title>My lab</title>", "", "x" * 5000 + '<meta name="generator" content="cellucid']
)
def test_a_page_of_somebody_else_stays(site, content, capsys):
    (site / "index.html").write_text(content)
    assert main(["page", str(site)]) == 1
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert "was not written by cellucid" in said.err
    assert (site / "index.html").read_text() == content
    assert not (site / "datasets.json").exists()


def test_an_export_that_the_list_leaves_out_is_named(site, capsys):
    write_page(site)
    shutil.copytree(EXPORTS / "A-none", site / "new")
    assert main(["page", str(site), "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "does not list 'new'" in said.err


def test_exports_that_cannot_be_told_apart_are_an_error_and_nothing_is_written(site, capsys):
    shutil.copytree(EXPORTS / "B-none", site / "same")
    assert main(["page", str(site)]) == 1
    assert "have the id 'tiny_demo'" in capsys.readouterr().err
    assert not (site / "index.html").exists()


def test_a_file_is_no_folder(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["page", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_folder_has_to_be_named():
    with pytest.raises(SystemExit) as ended:
        main(["page"])
    assert ended.value.code == 2
