"""The benches that need no browser still run, and the table says what it should. No time is asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"

if not BENCHMARKS.is_dir():
    pytest.skip("not a checkout: the sdist has no benchmarks", allow_module_level=True)


@pytest.fixture
def table(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import table

    yield table
    del sys.modules["table"]


@pytest.mark.slow
def test_a_quick_run_measures_both_sides_and_keeps_the_numbers(tmp_path):
    numbers = tmp_path / "bench.json"
    done = subprocess.run(
        [
            *(sys.executable, BENCHMARKS / "run.py", "--quick", "--json", numbers),
            *("--only", "genes", "exports", "opening", "starting"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(numbers.read_text())["rows"]
    assert {row["bench"] for row in rows} == {"genes", "exports", "opening", "starting"}
    for row in rows:
        assert row["what"] in done.stdout
        assert row["ours"]
        assert row["theirs"] or row["note"], "a side that was not measured says why"


def test_the_ratio_is_of_medians_and_shows_its_spread(table):
    row = table.Row("bench", "a thing", "s", "a peer", [1.0, 2.0, 30.0], [4.0, 4.0, 5.0])
    assert row.ratio == 0.5
    assert row.spread == (0.25, 6.0)
    assert "0.50x (0.25-6.0)" in table.render([row])


def test_what_could_not_be_measured_is_a_dash_with_its_reason(table):
    text = table.render([table.Row("bench", "a thing", "bytes", "a peer", [12.0], [], "It was not there.")])
    header, _, line, note = text.splitlines()
    assert header.startswith("measured")
    assert line.split() == ["a", "thing", "[1]", "12", "B", "a", "peer", "-", "-", "1"]
    assert note == "[1] It was not there."


def test_nothing_on_the_other_side_gives_no_ratio(table):
    row = table.Row("bench", "a thing", "count", "a peer", [3.0], [0.0])
    assert row.ratio is None
    assert row.spread is None
