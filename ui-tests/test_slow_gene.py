"""A gene of a large compressed file: how far it is, and a way back, while Python still reads."""

import re

import pytest

from cells import LOAD_MANY
from hosts.widget import WidgetPage
from test_transport import to_server

# Blocks of 1 MB, and a thread that has the data for most of the time: the pass over the file takes many seconds.
SHOW = """
import threading, time
from cellucid.dataset.genes import blocks
blocks.BLOCK_BYTES = 1 << 20
many[:50_000].write_h5ad("many.h5ad", compression="gzip")
w = show_anndata("many.h5ad", color_by="bulk_labels")
busy = threading.Event()

def take_turns():
    while busy.is_set():
        with w.lock:
            time.sleep(0.05)
        time.sleep(0.005)

def begin():
    busy.set()
    threading.Thread(target=take_turns).start()

def loaded():
    return w._dataset.read("var/CST3.values.f32").loaded
"""


@pytest.mark.parametrize("road", ["direct", pytest.param("comm", marks=pytest.mark.slow)])
def test_a_gene_counts_up_while_its_file_is_read_and_can_be_cancelled(notebook, lab, road):
    page = notebook([LOAD_MANY, SHOW])
    if road == "comm":
        page.page.route(to_server(lab), lambda route: route.abort())
    page.run_all()
    widget = WidgetPage(page)
    assert widget.settle(60)["transport"] == road
    page.execute("begin()")
    widget.colour_by("CST3")
    status = widget.root.locator(".status")
    status.locator(".percent").wait_for()
    seen = []
    while len(seen) < 3:
        text = status.locator(".percent").inner_text(timeout=30_000)
        assert status.get_by_role("status").inner_text() == "Loading CST3"
        percent = int(re.fullmatch(r"(\d+)\s%", text)[1])
        if percent not in seen:
            seen.append(percent)
        page.page.wait_for_timeout(20)
    assert seen == sorted(seen)
    assert seen[-1] < 100
    widget.root.get_by_role("heading", name="CST3").wait_for()  # of the cells that are there

    status.get_by_role("button", name="Cancel").click()
    page.wait_for("w.color_by == 'bulk_labels'")
    assert widget.settle()["notices"] == []
    assert widget.root.get_by_role("heading", name="bulk_labels").count() == 1
    assert status.get_by_role("button", name="Cancel").count() == 0
    page.page.wait_for_timeout(1000)  # a block may be under way
    there = page.execute("loaded()")
    assert 0 < int(there) < 200_000
    page.page.wait_for_timeout(1500)
    assert page.execute("loaded()") == there, "nobody asks, and the pass stands still"

    widget.colour_by("CST3")
    status.get_by_role("button", name="Cancel").wait_for()
    widget.press("Escape")
    page.wait_for("w.color_by == 'bulk_labels'")
    page.execute("busy.clear()")
    widget.colour_by("CST3")
    state = widget.settle()
    assert widget.root.get_by_role("heading", name="CST3").count() == 1
    assert (state["transport"], state["notices"]) == (road, [])
    page.wait_for("w.color_by == 'CST3'")
    assert page.execute("loaded()") == "200000"
