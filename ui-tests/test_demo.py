"""`make demo`, both ways."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import demo
from hosts.widget import WidgetPage

UI_TESTS = Path(__file__).parent


def run_headless(*arguments):
    command = [sys.executable, str(UI_TESTS / "demo.py"), "--headless", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def drawn(picture):
    with Image.open(picture) as image:
        return np.asarray(image.convert("RGB")).astype(int)


# Two floats of coordinates and one byte of colour a cell; beside them two manifests, and no more.
BYTES_NEEDED = 200_700 * 9
BYTES_BESIDE = 40_000


def bytes_moved(road, picture):
    """What the demo says of each carrier's bytes, after it has drawn with the data on one road."""
    ran = run_headless("--picture", picture, *(["--no-http"] if road == "comm" else []))
    assert ran.returncode == 0, ran.stderr
    line = re.fullmatch(
        rf"drawn: 700 \+ 200,000 cells; transport: {road}; moved: (.*); picture: .*{picture.name}\n", ran.stdout
    )
    assert line is not None, ran.stdout
    carried = dict(re.findall(r"(\w+) ([\d,]+) bytes", line[1]))
    return {carrier: int(count.replace(",", "")) for carrier, count in carried.items()}


def test_the_headless_demo_draws_and_says_by_which_road(tmp_path):
    moved = bytes_moved("direct", tmp_path / "direct.png")
    assert BYTES_NEEDED < sum(moved.values()) < BYTES_NEEDED + BYTES_BESIDE
    assert moved["direct"] > BYTES_NEEDED / 2
    assert len(np.unique(drawn(tmp_path / "direct.png").reshape(-1, 3), axis=0)) > 100


@pytest.mark.slow
def test_the_headless_demo_draws_the_same_over_the_comm(tmp_path):
    bytes_moved("direct", tmp_path / "direct.png")
    moved = bytes_moved("comm", tmp_path / "comm.png")
    assert BYTES_NEEDED < moved["comm"] < BYTES_NEEDED + BYTES_BESIDE
    first, second = drawn(tmp_path / "direct.png"), drawn(tmp_path / "comm.png")
    # Nothing but the mark of the road in the status line may differ.
    assert np.mean(np.abs(first - second).max(axis=2) > 8) < 0.001


@pytest.mark.slow
def test_the_headless_demo_fails_with_the_reason_when_a_cell_does(tmp_path):
    broken = tmp_path / "broken.ipynb"
    broken.write_text(demo.NOTEBOOK.read_text().replace("sc.datasets.pbmc68k_reduced()", "sc.datasets.no_such_data()"))
    ran = run_headless("--picture", tmp_path / "demo.png", broken)
    assert ran.returncode == 1
    assert "no_such_data" in ran.stderr


def test_the_demo_for_a_person_opens_with_its_plots_drawn(lab, notebook):
    (lab.root_dir / "quickstart.ipynb").write_text(demo.NOTEBOOK.read_text())
    demo.execute_on_server(lab, "quickstart.ipynb")
    page = notebook(path="quickstart.ipynb")
    widget = WidgetPage(page)
    assert widget.settle(60)["cells_drawn"] == 700
    assert widget.inspect()["selected"] == 369
