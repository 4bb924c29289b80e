"""The journey through hosts that show widgets in frames, which have other roads to the kernel than Jupyter's pages."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from hosts.framed import FramedPage, FrameServer, Rules, bundle
from hosts.journey import CELLS, journey
from hosts.sandbox import SANDBOX, sandbox_host
from hosts.vscode import MANAGER, VSCODE, vscode_host
from hosts.widget import WidgetPage

OpenFramed = Callable[[Rules], FramedPage]


@pytest.fixture
def framed(lab, context, watch) -> Iterator[OpenFramed]:
    """`framed(rules)` opens a page by these rules and runs the cells of the journey in it."""
    opened = []

    def open_page(rules):
        bundle(rules)
        frames = servers.enter_context(FrameServer(rules))
        place = FramedPage(context.new_page(), lab, rules, frames)
        opened.append(place)
        watch(place)
        place.open()
        for cell in CELLS:
            place.run_cell(cell)
        return place

    with ExitStack() as servers:
        yield open_page

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


@pytest.mark.slow
@pytest.mark.skipif(not MANAGER.is_file(), reason="VS Code's widget manager is not there: make test-all fetches it")
def test_widget_manager_of_vs_code(framed):
    place = framed(VSCODE)
    visit = journey(place, vscode_host())
    assert visit.transport == "direct"
    assert visit.moved["direct"] > 700 * 8
    visit.save()
