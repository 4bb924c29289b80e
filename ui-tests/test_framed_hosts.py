"""The journey through hosts that show widgets in frames, which have other roads to the kernel than Jupyter's pages."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from cells import LOAD_MANY, inside, many_coordinates
from conftest import VIEWPORT
from hosts.chromium import launch
from hosts.colab import BROWSER, PortProxy, colab, colab_host
from hosts.framed import FramedPage, FrameServer, bundle
from hosts.journey import CELLS, circle_half, journey, wait_until
from hosts.sandbox import SANDBOX, sandbox_host
from hosts.vscode import MANAGER, VSCODE, vscode_host
from hosts.widget import WidgetPage

OpenFramed = Callable[..., FramedPage]


@pytest.fixture
def framed(lab, context, watch) -> Iterator[OpenFramed]:
    """`framed(rules)` opens a page by these rules and runs the cells of the journey in it.

    `framed(rules, cells=...)` runs others, `framed(rules, profile=...)` opens it in another browser profile.
    """
    opened = []

    def open_page(rules, *, cells=CELLS, profile=context):
        bundle(rules)
        frames = servers.enter_context(FrameServer(rules))
        place = FramedPage(profile.new_page(), lab, rules, frames)
        opened.append(place)
        watch(place)
        place.open()
        for cell in cells:
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
def test_much_goes_as_text_both_ways_where_buffers_become_numbers(framed):
    place = framed(SANDBOX, cells=[LOAD_MANY, "w = CellucidWidget(many, color_by='louvain')\nw"])
    widget = WidgetPage(place)
    state = widget.settle(120)
    bitmap = 200_000 // 8
    assert state["carriers"]["comm"]["text_received"] >= 200_000 * 9
    expected = inside(many_coordinates(), widget.unproject(circle_half(widget)))
    wait_until(place, f"len(w.selection) == {len(expected)}", 60)
    assert place.execute("print(int(w.selection.sum()))") == str(expected.sum())
    assert widget.inspect()["carriers"]["comm"]["text_sent"] == bitmap
    before = widget.inspect()["carriers"]["comm"]["text_received"]
    place.execute("w.selection = np.arange(0, 200_000, 2)")
    widget.wait_until("(state) => state.selected === 100_000")
    assert widget.inspect()["carriers"]["comm"]["text_received"] == before + bitmap


@pytest.mark.slow
@pytest.mark.skipif(not MANAGER.is_file(), reason="VS Code's widget manager is not there: make test-all fetches it")
def test_widget_manager_of_vs_code(framed):
    place = framed(VSCODE)
    visit = journey(place, vscode_host())
    assert visit.transport == "direct"
    assert visit.moved["direct"] > 700 * 8
    visit.save()


@pytest.fixture
def colab_browser(playwright) -> Iterator[Browser]:
    """A browser that knows the names of Colab's machines."""
    started = launch(playwright, args=BROWSER)
    yield started
    started.close()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["base64", "views"])
def test_page_by_the_rules_of_colab(framed, colab_browser, form):
    with PortProxy() as proxy:
        place = framed(colab(form, proxy), profile=colab_browser.new_context(viewport=VIEWPORT))
        visit = journey(place, colab_host())
    assert visit.transport == "colab"
    assert visit.moved["colab"] > 700 * 8
    visit.save()
