"""The widget in the life of a notebook: linked, shown twice, run again, run all, reloaded, and when things go wrong."""

import pytest

from cells import LOAD
from hosts.widget import WidgetPage

SHOW = "w = CellucidWidget(adata, color_by='bulk_labels')\nw"

CONTEXTS = "() => globalThis[Symbol.for('cellucid.contexts.1')].leases.length"


def test_ipywidgets_linked_with_link_and_dlink_follow(notebook):
    page = notebook(
        [
            LOAD,
            "from ipywidgets import Dropdown, IntText, link, dlink\n"
            "w = CellucidWidget(adata, color_by='bulk_labels')\n"
            "field = Dropdown(options=['bulk_labels', 'louvain', 'CST3'])\n"
            "count = IntText()\n"
            "link((w, 'color_by'), (field, 'value'))\n"
            "dlink((w, 'selection'), (count, 'value'), len)\n"
            "w",
            "field",
            "count",
        ]
    )
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    page.cell_output(2).locator("select").select_option("louvain")
    widget.root.get_by_role("heading", name="louvain").wait_for()
    assert page.execute("w.color_by") == "'louvain'"

    widget.colour_by("bulk_labels")
    page.wait_for("field.value == 'bulk_labels'")
    page.page.wait_for_function(
        "(select) => select.value === 'bulk_labels'", arg=page.cell_output(2).locator("select").element_handle()
    )

    widget.lasso_half()
    page.wait_for("count.value > 0")
    assert page.execute("count.value == len(w.selection)") == "True"


def test_two_widgets_keep_apart_and_can_be_linked(notebook):
    page = notebook(
        [
            LOAD,
            "a = CellucidWidget(adata, color_by='bulk_labels', height=320)\na",
            "b = CellucidWidget(adata, color_by='louvain', height=320)\nb",
        ]
    )
    page.run_all()
    first, second = WidgetPage(page, 0), WidgetPage(page, 1)
    first.settle()
    second.settle()
    first.lasso_half()
    page.wait_for("len(a.selection) > 0")
    assert page.execute("len(b.selection)") == "0"
    assert second.inspect()["selected"] == 0
    page.execute("import traitlets; traitlets.link((a, 'selection'), (b, 'selection'))")
    count = int(page.execute("len(a.selection)"))
    second.wait_until(f"(state) => state.selected === {count}")
    second.settle()
    second.root.get_by_role("button", name="Clear the selection").click()
    first.wait_until("(state) => state.selected === 0")


def test_a_second_view_shows_the_same_and_follows(notebook):
    page = notebook([LOAD, "w = CellucidWidget(adata, color_by='bulk_labels', height=320)\nw", "w"])
    page.run_all()
    assert WidgetPage.count(page) == 2
    first, second = WidgetPage(page, 0), WidgetPage(page, 1)
    first.settle()
    second.settle()
    assert page.page.evaluate(CONTEXTS) == 1, "views of one widget share a context"
    second.lasso_half()
    page.wait_for("len(w.selection) > 0")
    count = int(page.execute("len(w.selection)"))
    first.wait_until(f"(state) => state.selected === {count} && state.settled")
    assert page.execute("w.ready") == "True"


def test_running_the_cell_again_leaves_nothing_behind(notebook):
    page = notebook([LOAD, "old = []", SHOW + "; old.append(w); w"])
    page.run_all()
    for _ in range(3):
        page.run_cell(2)
        WidgetPage(page).settle()
    assert WidgetPage.count(page) == 1
    assert page.page.evaluate(CONTEXTS) == 1
    page.wait_for("[w.ready for w in old] == [False, False, False, True]")
    assert page.execute("[w.status for w in old[-2:]]") == "['not shown', 'ready']"


def test_show_anndata_as_the_last_expression_appears_once(notebook):
    page = notebook([LOAD, "v = show_anndata(adata, height=300)\nv", "show_anndata(adata, height=300)", "v"])
    page.run_all()
    assert WidgetPage.count(page) == 3
    for index in range(3):
        assert page.cell_output(index + 1).locator(".cellucid").count() == 1


def test_a_reloaded_page_draws_the_same_widget_again(notebook):
    page = notebook([LOAD, SHOW])
    page.run_all()
    WidgetPage(page).settle()
    page.execute("w.selection = range(50)")
    page.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.open()
    widget = WidgetPage(page)
    widget.settle()
    widget.wait_until("(state) => state.selected === 50")
    widget.lasso_half()
    page.wait_for("len(w.selection) not in (0, 50)")
    page.wait_for("(w.ready, w.status) == (True, 'ready')")
    page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    page.wait_for("(w.ready, w.status) == (False, 'not shown')")


def test_widgets_share_a_box(notebook):
    page = notebook(
        [
            LOAD,
            "from ipywidgets import HBox\n"
            "a, b = (CellucidWidget(adata, color_by=field, height=300) for field in ('bulk_labels', 'louvain'))\n"
            "HBox([a, b])",
        ]
    )
    page.run_all()
    widths = [WidgetPage(page, index).settle()["plot"]["width"] for index in (0, 1)]
    assert min(widths) > 400
    assert abs(widths[0] - widths[1]) < 2


def test_a_restarted_kernel_leaves_the_picture_and_running_again_brings_the_widget_back(notebook):
    page = notebook([LOAD, SHOW])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    page.restart_kernel()
    widget.root.get_by_text("The kernel of this plot has ended").wait_for()
    assert widget.inspect()["cells_drawn"] == 700
    assert len(set(map(tuple, widget.pixels().reshape(-1, 3)[::7]))) > 5
    page.run_all()
    fresh = WidgetPage(page)
    fresh.settle()
    fresh.lasso_half()
    page.wait_for("len(w.selection) > 0")


def test_a_kernel_that_crashes_is_told_and_what_would_need_it_fails_with_the_way_out(notebook):
    page = notebook([LOAD, SHOW, "import os; os._exit(1)"])
    page.run_cell(0)
    page.run_cell(1)
    widget = WidgetPage(page)
    widget.settle()
    page.run_cell(2, wait=False)
    page.page.get_by_role("dialog").get_by_role("button", name="Ok").click(timeout=40_000)
    widget.root.get_by_text("The kernel of this plot has ended").wait_for(timeout=40_000)
    widget.lasso_half()
    assert widget.inspect()["selected"] > 0, "the picture can still be explored"
    widget.colour_by("louvain")
    widget.root.get_by_text("Could not load louvain").wait_for()
    page.page.keyboard.press("Escape")


def test_the_connection_tells_how_it_is(notebook):
    page = notebook([LOAD, SHOW, "report = w.debug_connection()\nreport", "report = await w.debug_connection_async()"])
    page.run_cell(0)
    page.run_cell(1)
    WidgetPage(page).settle()
    page.run_cell(2)
    text = page.cell_output(2).inner_text()
    for part in ("direct: http://127.0.0.1:", "the same in the browser", "direct: taken", "http"):
        assert part in text, text
    assert page.execute("report['round_trip']['http'] > 0") == "True"
    page.run_cell(3)
    assert page.execute("report['frontend_debug_snapshot']['ok']") == "True"
    comm = page.execute("report['round_trip']['comm']")
    if page.hears_while_awaiting():
        assert float(comm) > 0
    else:
        assert "not measured: a cell was running" in comm
    assert page.execute("w._server.boot(w._dataset)['token'] in repr(report)") == "False"


def test_ten_widgets_share_eight_contexts_and_all_keep_their_picture(notebook):
    page = notebook(
        [
            LOAD,
            "from IPython.display import display\n"
            "ws = [CellucidWidget(adata, height=160) for _ in range(10)]\n"
            "display(*ws)",
        ]
    )
    page.run_all()
    page.wait_for("all(w.ready for w in ws)")
    assert page.page.evaluate(CONTEXTS) == 8
    first = WidgetPage(page, 0)
    first.settle()
    assert len(set(map(tuple, first.pixels().reshape(-1, 3)[::7]))) > 5, "the evicted widget keeps its picture"
    page.execute("ws[0].color_by = 'louvain'")
    first.root.get_by_role("heading", name="louvain").wait_for(state="attached")
    first.settle()
    assert first.inspect()["cells_drawn"] == 700, "and draws again when it has something to draw"
    assert page.page.evaluate(CONTEXTS) == 8


# One of each kind of element of the widget that takes the focus: of rows of a list the first stands for all.
CONTROLS = """(element) => {
  const kinds = new Map();
  for (const each of element.shadowRoot.querySelectorAll("button, input, select, [tabindex]")) {
    if (each.disabled || each.tabIndex < 0 || !each.checkVisibility()) continue;
    const kind = each.matches("li *") ? each.className : [each.className, each.ariaLabel, each.name].join();
    if (!kinds.has(kind)) kinds.set(kind, each);
  }
  return [...kinds.values()];
}"""
FOCUS = """(each) => {
  each.focus({ preventScroll: true });
  return each.isConnected && each === each.getRootNode().activeElement;
}"""
NOTEBOOK = """() => {
  const { activeCellIndex, mode, widgets } = window.jupyterapp.shell.currentWidget.content;
  return { activeCellIndex, mode, cells: widgets.length, kinds: widgets.map(({ model }) => model.type).join() };
}"""
# What a notebook in command mode does with them: new cells, deleted cells, other kinds of cells, another active cell.
COMMANDS = ("b", "a", "d", "d", "x", "z", "m", "y", "1", "j", "k", "ArrowDown", "ArrowUp", "Escape")


def press_on_every_control(page, widget):
    """Press the notebook's keys on every control of the widget; returns how many there were."""
    controls = widget.root.evaluate_handle(CONTROLS).get_properties().values()
    pressed = 0
    for control in filter(None, (control.as_element() for control in controls)):
        for key in COMMANDS:
            if not control.evaluate(FOCUS):
                break  # a key before has closed what it was in
            page.page.keyboard.press(key)
            pressed += key == COMMANDS[0]
    return pressed


@pytest.mark.slow
def test_keys_on_every_control_of_the_widget_stay_inside_it(notebook):
    page = notebook([LOAD, SHOW, "1"])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    widget.press("v")  # a notebook makes the cell with the focus the active one
    page.execute("w.filters = {'louvain': {'hide': ['0']}}; w.selection = [1]; w.tool = 'lasso'")
    widget.wait_until("(state) => state.visible < 700 && state.selected === 1")
    before = page.page.evaluate(NOTEBOOK)
    assert press_on_every_control(page, widget) >= 12  # tools, legend, filters, the field, the lower edge
    assert page.page.evaluate(NOTEBOOK) == before

    page.execute("w.color_by = 'CST3'")
    widget.root.get_by_role("heading", name="CST3").wait_for()
    assert press_on_every_control(page, widget) >= 14  # the histogram and the colour bar
    assert page.page.evaluate(NOTEBOOK) == before

    for opener in ("button.field", "button[aria-label=Settings]", "button.bar"):
        if not widget.root.get_by_role("dialog").is_visible():
            widget.root.locator(opener).click()
        widget.root.get_by_role("dialog").wait_for()
        panel = widget.root.locator("[role=dialog]").locator("input, select, button")
        for index in range(min(panel.count(), 6)):
            for key in COMMANDS[:-1]:
                panel.nth(index).evaluate(FOCUS)
                page.page.keyboard.press(key)
        assert page.page.evaluate(NOTEBOOK) == before
        page.page.keyboard.press("Escape")
        widget.root.get_by_role("dialog").wait_for(state="detached")
    assert page.page.evaluate(NOTEBOOK) == before

    # The same keys beside the widget do what notebooks do.
    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.node.focus()")
    page.page.keyboard.press("b")
    assert page.page.evaluate(NOTEBOOK)["cells"] == before["cells"] + 1


def test_what_a_hook_raises_is_shown_in_the_widget(notebook):
    page = notebook([LOAD, SHOW])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    page.execute("@w.on_selection\ndef broken(event):\n    raise RuntimeError('the scientist was here')")
    page.execute("w.selection = [1]")
    alert = widget.root.get_by_role("alert")
    alert.wait_for()
    assert "the scientist was here" in alert.inner_text()
    assert page.execute("w.errors[-1]['source']") == "'hook'"
    alert.get_by_role("button", name="Dismiss").click()
    alert.wait_for(state="detached")


def test_a_gene_that_cannot_be_read_is_told_and_the_plot_stays(notebook):
    page = notebook([LOAD, SHOW])
    page.run_all()
    widget = WidgetPage(page)
    widget.settle()
    # The user's matrix is gone under the widget's feet.
    page.execute("del adata.raw; w._dataset.read = lambda path: (_ for _ in ()).throw(OSError('disk on fire'))")
    page.execute("w.color_by = 'CST3'")
    alert = widget.root.get_by_role("alert")
    alert.wait_for()
    assert "Could not load CST3" in alert.inner_text()
    assert "disk on fire" in alert.inner_text()
    assert widget.inspect()["cells_drawn"] == 700
    page.wait_for("w.errors")
    page.execute("del w._dataset.read; w.color_by = 'bulk_labels'")
    alert.wait_for(state="detached")


def test_what_a_page_may_not_set_is_refused_and_taken_back(notebook):
    page = notebook([LOAD, SHOW])
    page.run_all()
    WidgetPage(page).settle()
    page.page.evaluate(
        """(model) => {
          const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
          const comm = [...kernel._comms.values()].find(({ commId }) => commId === model);
          comm.send({ method: "update", state: { height: 300, n_cells: 3, _esm: "alert(1)" }, buffer_paths: [] });
          const values = { color_by: "no such gene", n_cells: 3, ready: false };
          const payload = { values, seen: 0, camera_of: null };
          const content = { kind: "event", page: "another", seq: 1, event: "traits", payload };
          comm.send({ method: "custom", content });
        }""",
        page.execute("print(w.model_id)"),
    )
    page.wait_for("w.errors")
    assert "no such gene" in page.execute("w.errors[-1]['message']")
    assert page.execute("(w.color_by, w.height, w.n_cells, w.ready)") == "('bulk_labels', 520, 700, True)"
