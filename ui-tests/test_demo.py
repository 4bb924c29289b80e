"""`make demo`, both ways."""

import re
import subprocess
import sys
from pathlib import Path

from PIL import Image

import demo
from hosts.widget import WidgetPage

UI_TESTS = Path(__file__).parent


def run_headless(*arguments):
    command = [sys.executable, str(UI_TESTS / "demo.py"), "--headless", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def test_the_headless_demo_draws_both_datasets_and_says_so(tmp_path):
    picture = tmp_path / "demo.png"
    ran = run_headless("--picture", picture)
    assert ran.returncode == 0, ran.stderr
    line = re.fullmatch(r"drawn: 700 \+ 200,000 cells; moved: comm ([\d,]+) bytes; picture: .*demo.png\n", ran.stdout)
    assert line is not None, ran.stdout
    # Two floats of coordinates and one byte of colour a cell, two manifests, and no more.
    assert 200_700 * 9 < int(line[1].replace(",", "")) < 200_700 * 9 + 20_000
    with Image.open(picture) as drawn:
        assert len(drawn.convert("RGB").getcolors(maxcolors=1 << 24)) > 100


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
