"""Waiting in a cell for what happens in the page: the cell blocks the kernel, as people write it."""

from cells import LOAD
from hosts.widget import WidgetPage

SHOW = "w = CellucidWidget(adata, color_by='bulk_labels')\nw"


def test_run_all_with_a_wait_for_the_picture_and_one_for_a_selection(notebook):
    page = notebook(
        [
            LOAD,
            SHOW,
            "w.wait_for_ready(timeout=60)\nprint('ready')",
            "event = w.wait_for_event('selection', timeout=60)\nprint('heard', len(event['cells']), event['source'])",
            "import numpy as np; print('same', np.array_equal(event['indices'], w.selection))",
        ]
    )
    page.run_all(wait=False)
    page.cell_output(2).get_by_text("ready").wait_for()
    widget = WidgetPage(page)
    widget.wait_until("(state) => state.settled")
    assert page.cell_is_running(3)
    widget.lasso_half()
    page.cell_output(3).get_by_text("lasso").wait_for(timeout=20_000)
    page.cell_output(4).get_by_text("same True").wait_for()
    assert "heard 0 " not in page.cell_output(3).inner_text()
    page.wait_idle()
    page.wait_for("w.transport == 'direct'")
    assert page.execute("w.errors") == "[]"


def test_a_queue_that_a_hook_fills_is_emptied_in_a_cell_that_blocks(notebook):
    page = notebook(
        [
            LOAD + "import queue, threading\nfound = queue.Queue()",
            "w = CellucidWidget(adata, color_by='bulk_labels')\n"
            "@w.on_selection\n"
            "def keep(event):\n"
            "    found.put((len(event['cells']), threading.current_thread().name))\n"
            "w",
            "sizes = [found.get(timeout=60) for _ in range(3)]",
        ]
    )
    page.run_all(wait=False)
    widget = WidgetPage(page)
    widget.root.wait_for(state="attached")
    widget.wait_until("(state) => state.settled")
    for part in (0.3, 0.6, 0.9):
        plot = widget.inspect()["plot"]
        width, height = plot["width"] * part, plot["height"]
        widget.press("l")
        widget.draw([[4, 4], [width, 4], [width, height - 4], [4, height - 4]])
    page.wait_idle()
    sizes = page.execute("print([size for size, _ in sizes] == sorted({size for size, _ in sizes}), sizes[-1][1])")
    assert sizes.startswith("True cellucid-hooks-"), sizes
    assert page.execute("sizes[-1][0] == len(w.selection)") == "True"


def test_where_only_the_comm_is_left_a_wait_names_the_form_to_await(notebook):
    page = notebook(
        [
            LOAD,
            SHOW,
            "try:\n    w.wait_for_event('selection', timeout=60)\n"
            "except ConnectionError as error:\n    print('told', error)",
            "event = await w.wait_for_event_async('selection', timeout=60)\nprint('heard', event['source'])",
        ]
    )
    page.page.route(lambda url: "_cellucid" in url, lambda route: route.abort())
    page.serve_comms_on_main()
    page.run_cell(0)
    page.run_cell(1)
    widget = WidgetPage(page)
    widget.settle()
    page.wait_for("w.transport == 'comm'")
    page.run_cell(2)
    told = page.cell_output(2).inner_text()
    assert "await widget.wait_for_event_async" in told, told
    if not page.hears_while_awaiting():
        widget.lasso_half()
        page.wait_for("len(w.selection) > 0")
        return
    page.run_cell(3, wait=False)
    widget.lasso_half()
    page.cell_output(3).get_by_text("heard lasso").wait_for(timeout=20_000)


def test_the_stop_button_ends_a_wait(notebook):
    page = notebook([LOAD, SHOW, "w.wait_for_event('selection')"])
    page.run_cell(0)
    page.run_cell(1)
    widget = WidgetPage(page)
    widget.settle()
    page.run_cell(2, wait=False)
    page.page.wait_for_timeout(500)
    page.interrupt_kernel()
    assert "KeyboardInterrupt" in page.cell_output(2).inner_text()
    widget.lasso_half()
    page.wait_for("len(w.selection) > 0")


def test_what_is_set_in_the_viewer_is_heard_by_a_cell_that_blocks(notebook):
    page = notebook(
        [
            LOAD + "import queue\nheard = queue.Queue()",
            SHOW,
            "w.observe(lambda change: heard.put(change.new), 'tool')\nprint('heard', heard.get(timeout=60))",
        ]
    )
    page.run_all(wait=False)
    widget = WidgetPage(page)
    widget.root.wait_for(state="attached")
    widget.wait_until("(state) => state.settled")
    assert page.cell_is_running(2)
    widget.press("l")
    page.cell_output(2).get_by_text("heard lasso").wait_for(timeout=20_000)
    page.wait_idle()
    widget.press("b")
    page.wait_for("w.tool == 'box'")
