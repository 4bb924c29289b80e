"""The harness itself, on plain ipywidgets and a few lines of anywidget."""

import os

import pytest
from playwright.sync_api import expect

from hosts.notebook import CellFailed

BUTTON = '''
import anywidget, traitlets

class Button(anywidget.AnyWidget):
    _esm = """
    export default {
      render({ model, el }) {
        const button = document.createElement("button");
        button.textContent = "count";
        button.onclick = () => model.send({ clicked: true });
        el.append(button);
      },
    };
    """
    count = traitlets.Int(0)

    def __init__(self):
        super().__init__()
        self.on_msg(lambda widget, content, buffers: setattr(self, "count", self.count + 1))

button = Button()
button
'''


def test_a_cell_shows_an_ipywidget_and_the_kernel_answers(notebook):
    page = notebook(["import ipywidgets\nslider = ipywidgets.IntSlider(value=7)\nslider"])
    page.run_all()
    expect(page.cell_output(0).locator(".widget-slider .widget-readout")).to_have_text("7")
    assert page.execute("slider.value") == "7"
    assert page.execute("print('printed'); 1 + 1") == "printed\n2"


def test_a_click_in_the_page_reaches_python(notebook):
    page = notebook(["1 + 1", BUTTON])
    page.run_all()
    button = page.cell_output(1).get_by_role("button", name="count")
    button.click()
    button.click()
    page.wait_for("button.count == 2")


def test_cells_run_one_by_one_and_their_errors_are_raised(notebook):
    page = notebook(["value = 1", "value = 2", "raise ValueError('on purpose')"])
    page.run_cell(0)
    assert page.execute("value") == "1"
    page.run_cell(1)
    assert page.execute("value") == "2"
    with pytest.raises(CellFailed, match="on purpose"):
        page.run_cell(2)
    with pytest.raises(CellFailed, match="ZeroDivisionError"):
        page.execute("1 / 0")


def test_a_restarted_kernel_has_forgotten_everything(notebook):
    page = notebook(["value = 1"])
    page.run_all()
    page.restart_kernel()
    assert page.execute("'value' in globals()") == "False"


@pytest.mark.skipif("UI_IPYKERNEL" not in os.environ, reason="the kernels are of the environment's own ipykernel")
def test_kernels_are_of_the_ipykernel_that_was_asked_for(notebook):
    page = notebook([""])
    page.execute("import ipykernel")
    assert page.execute(f"ipykernel.__file__.startswith({os.environ['UI_IPYKERNEL']!r})") == "True"


def test_the_theme_can_be_switched(notebook):
    page = notebook(["1"])
    page.set_theme("JupyterLab Dark")
    assert page.page.evaluate("document.body.dataset.jpThemeLight") == "false"
    page.set_theme("JupyterLab Light")
    assert page.page.evaluate("document.body.dataset.jpThemeLight") == "true"
