"""The example notebooks are clean, and the documentation shows their cells as they stand."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"

if not EXAMPLES.is_dir():
    pytest.skip("not a checkout: the sdist has no examples", allow_module_level=True)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.name)
def test_an_example_is_a_valid_notebook_that_has_not_been_run(path):
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells] == [f"cell-{number:02}" for number in range(len(notebook.cells))]
    for cell in notebook.cells:
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_the_page_on_hooks_shows_cells_of_its_notebook_in_their_order():
    notebook = nbformat.read(EXAMPLES / "hooks.ipynb", as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    blocks = re.findall(r"^```python\n(.*?)\n```$", (ROOT / "docs" / "hooks.md").read_text("utf-8"), re.M | re.S)
    strangers = [block for block in blocks if block not in cells]
    assert not strangers, f"not a cell of the notebook:\n{strangers[0]}"
    assert len(blocks) > 10
    assert blocks == [cell for cell in cells if cell in blocks]
