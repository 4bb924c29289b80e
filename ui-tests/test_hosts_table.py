"""The README's table of hosts says what the tests saw, and no more."""

import shutil

import pytest

from hosts.journey import Host, Visit
from hosts.table import BEGIN, END, HOSTS, README, read_visits, table, write


def rows(text: str) -> dict[str, list[str]]:
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert len({len(line) for line in lines}) == 1, "every row has every column"
    return {name: cells for name, *cells in lines[2:]}


def test_what_was_saved_is_what_the_table_says(tmp_path):
    for visit in (
        Visit(Host("Notebook 7", "notebook 7.6.5", real=True), "direct", {"direct": 16_207, "comm": 1860}),
        Visit(Host("A host of tomorrow, v1.0", "tomorrow 1", real=False), "comm", {"comm": 1_234_567}),
        Visit(Host("JupyterLab", "jupyterlab 4.6.6", real=True), "proxy", {"comm": 9}),
    ):
        visit.save(tmp_path)
    found = rows(table(read_visits(tmp_path)))
    assert list(found) == [*HOSTS, "A host of tomorrow, v1.0"]
    assert found["Notebook 7"] == ["real", "notebook 7.6.5", "`direct`", "16,207"]
    assert found["A host of tomorrow, v1.0"] == ["simulated", "tomorrow 1", "`comm`", "1,234,567"]
    assert found["JupyterLab"][2:] == ["`proxy`", "0"], "the chosen carrier moved nothing"
    assert found["marimo"] == [""] * 4, "a host that was skipped"


def test_a_host_that_is_visited_again_has_its_last_visit(tmp_path):
    for transport in ("direct", "comm"):
        Visit(Host("marimo", "marimo 0.25.2", real=True), transport, {transport: 5}).save(tmp_path)
    assert [visit.transport for visit in read_visits(tmp_path)] == ["comm"]


def test_only_what_is_between_the_marks_of_the_readme_changes(tmp_path):
    copy = tmp_path / README.name
    shutil.copy(README, copy)
    before = copy.read_text()
    for text in ("| one |", "| two |\n| three |"):
        write(text, copy)
        assert copy.read_text().count(text) == 1
    after = copy.read_text()
    assert after.split(BEGIN)[0] == before.split(BEGIN)[0]
    assert after.split(END)[1] == before.split(END)[1]
    assert "| one |" not in after


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_a_readme_without_its_marks_is_left_alone(tmp_path, text):
    file = tmp_path / "README.md"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"README\.md does not have"):
        write("| one |", file)
    assert file.read_text() == text
