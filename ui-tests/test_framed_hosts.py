"""The journey through hosts that show widgets in frames, which have other roads to the kernel than Jupyter's pages."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from conftest import FAILED, FAILURES, save_failure
from hosts.framed import FramedPage, FrameServer, Rules, bundle
from hosts.journey import CELLS, journey
from hosts.sandbox import SANDBOX, sandbox_host
from hosts.widget import WidgetPage

OpenFramed = Callable[[Rules], FramedPage]


@pytest.fixture
def framed(lab, context, request) -> Iterator[OpenFramed]:
    """`framed(rules)` opens a page by these rules and runs the cells of the journey in it."""
    opened = []

    def open_page(rules):
        bundle("kernel", rules.manager)
        frames = servers.enter_context(FrameServer(rules))
        opened.append(FramedPage(context.new_page(), lab, rules, frames))
        opened[-1].open()
        for cell in CELLS:
            opened[-1].run_cell(cell)
        return opened[-1]

    with ExitStack() as servers:
        yield open_page

        if request.node.stash.get(FAILED, False):
            test = re.sub(r"[^A-Za-z0-9_.-]+", "-", request.node.name).strip("-")
            save_failure(FAILURES / test, opened, lab)
        for place in opened:
            place.page.close()
        lab.shutdown_kernels()


def test_sandboxed_page_by_the_rules_of_vs_code(framed):
    place = framed(SANDBOX)
    visit = journey(place, sandbox_host(), blocking=False)
    assert visit.transport == "comm"
    comm = WidgetPage(place).inspect()["carriers"]["comm"]
    # The first answers are lists of numbers, which the viewer notices; what it asks for from then on is text.
    assert 0 < comm["bytes_received"] - comm["text_received"] < 10_000
    assert comm["text_received"] > 700 * 8
    visit.save()
