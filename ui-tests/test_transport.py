"""The road that the data take: found by the browser, told to Python, and left for the comm wherever it ends."""

import re
import urllib.error
import urllib.request

import pytest

from cells import LOAD, LOAD_MANY, few_cells, isolated, rgb, wrong_colors
from hosts.shaping import Shaper
from hosts.widget import WidgetPage

SHOW = "w = CellucidWidget(adata, color_by='bulk_labels')\nw"
SHOW_MANY = "w = CellucidWidget(many, color_by='bulk_labels')\nw"
SERVER = re.compile(r"http://127\.0\.0\.1:\d+/(d|_cellucid)/")


def is_server(url):
    return SERVER.match(url) is not None


def to_server(lab):
    """A predicate for requests to the data server, past JupyterLab or through its proxy."""
    return lambda url: "/proxy/" in url or (is_server(url) and not url.startswith(lab.base_url))


def drawn_without_complaint(widget, cells, road=None):
    widget.settle(60)
    if road is not None:  # which a busy machine may find at the second search only
        widget.wait_until(f"(state) => state.transport === '{road}'", 60)
    state = widget.inspect()
    assert state["cells_drawn"] == cells
    assert state["notices"] == []
    assert widget.root.get_by_role("alert").count() == 0
    return state


def test_beside_the_kernel_the_data_come_straight_from_the_server(notebook):
    page = notebook([LOAD_MANY, SHOW_MANY])
    page.run_all()
    widget = WidgetPage(page)
    state = drawn_without_complaint(widget, 200_000, "direct")
    page.wait_for("w.transport == 'direct'")
    assert page.execute("w._boot") == "{}", "the token does not stay where a notebook would save it"
    before = state["carriers"]["comm"]["bytes_received"]
    page.execute("w.color_by = 'CST3'")
    widget.root.get_by_role("heading", name="CST3").wait_for()
    after = drawn_without_complaint(widget, 200_000)
    assert after["carriers"]["comm"]["bytes_received"] == before
    assert after["carriers"]["direct"]["bytes_received"] - state["carriers"]["direct"]["bytes_received"] == 800_000


def test_where_only_jupyters_own_address_is_open_its_proxy_carries_the_data(notebook, lab):
    page = notebook([LOAD, SHOW])
    page.page.route(lambda url: is_server(url) and not url.startswith(lab.base_url), lambda route: route.abort())
    page.run_all()
    widget = WidgetPage(page)
    state = drawn_without_complaint(widget, 700, "proxy")
    page.wait_for("w.transport == 'proxy'")
    before = state["carriers"]["proxy"]["bytes_received"]
    page.execute("w.color_by = 'CST3'")
    widget.root.get_by_role("heading", name="CST3").wait_for()
    state = drawn_without_complaint(widget, 700)
    assert state["carriers"]["proxy"]["bytes_received"] - before == 2800
    port = page.execute("from cellucid.server import data_server\nprint(data_server().port)")
    assert page.execute("print(w.server_url)") == f"{lab.base_url}proxy/{port}/"


def test_where_the_browser_refuses_both_the_comm_carries_the_data(notebook, lab):
    page = notebook([LOAD, SHOW])
    page.page.route(to_server(lab), lambda route: route.abort())
    page.run_all()
    drawn_without_complaint(WidgetPage(page), 700, "comm")
    page.wait_for("w.transport == 'comm'")


def test_at_a_dead_port_the_comm_carries_the_data(notebook):
    page = notebook(
        [LOAD, "w = CellucidWidget(adata)\nfrom cellucid.server import data_server\ndata_server().stop()\nw"]
    )
    page.run_all()
    drawn_without_complaint(WidgetPage(page), 700, "comm")


def test_a_server_that_dies_later_is_replaced_by_the_comm_without_a_word(notebook):
    page = notebook([LOAD, SHOW])
    page.run_all()
    widget = WidgetPage(page)
    drawn_without_complaint(widget, 700, "direct")
    page.execute("from cellucid.server import data_server\ndata_server().stop()")
    page.execute("w.color_by = 'CST3'")
    widget.root.get_by_role("heading", name="CST3").wait_for()
    drawn_without_complaint(widget, 700, "comm")
    page.wait_for("w.transport == 'comm'")


def test_a_body_that_something_has_shortened_comes_anew_over_the_comm(notebook, lab):
    page = notebook([LOAD_MANY, SHOW_MANY])

    def shorten(route):
        answer = route.fetch()
        route.fulfill(status=answer.status, headers=answer.headers, body=answer.body()[::2])

    page.page.route(lambda url: to_server(lab)(url) and "embeddings/" in url, shorten)
    page.run_all()
    state = drawn_without_complaint(WidgetPage(page), 200_000)  # the server may be taken again for what is whole
    assert state["carriers"]["comm"]["bytes_received"] >= 200_000 * 8, "nothing of what came was kept"


def test_a_reloaded_page_finds_the_server_again(notebook):
    page = notebook([LOAD, SHOW])
    page.run_all()
    WidgetPage(page).settle()
    page.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.open()
    widget = WidgetPage(page)
    drawn_without_complaint(widget, 700, "direct")


def test_the_saved_notebook_holds_no_token(notebook, lab):
    page = notebook([LOAD, SHOW])
    page.run_all()
    WidgetPage(page).settle()
    token = page.execute("from cellucid.server import data_server\nprint(data_server().token)")
    page.wait_for("w._boot == {}")
    model = page.execute("print(w.model_id)")
    for command in ("@jupyter-widgets/jupyterlab-manager:saveWidgetState", "docmanager:save"):
        page.page.evaluate("(command) => window.jupyterapp.commands.execute(command)", command)
    saved = (lab.root_dir / page.path).read_text()
    assert f'"{model}": {{' in saved, "the state of the widgets is in the file"
    assert len(token) > 30
    assert token not in saved


def test_a_widget_shown_before_a_long_cell_draws_while_the_cell_runs(notebook):
    page = notebook([LOAD, SHOW, "import time\ntime.sleep(120)"])
    page.run_all(wait=False)
    widget = WidgetPage(page)
    state = widget.settle(60)
    assert (state["cells_drawn"], state["transport"]) == (700, "direct")
    assert page.cell_is_running(2), "the cell was still running when the picture was there"
    page.interrupt_kernel()


def test_with_the_comm_alone_what_is_shown_before_a_long_cell_is_drawn_while_it_runs(notebook, lab):
    show = "w = CellucidWidget(adata, color_by='bulk_labels', point_size=0.36)\nw"
    page = notebook([LOAD, show, "import time\nw.color_by = 'louvain'\ntime.sleep(300)"])
    page.page.route(to_server(lab), lambda route: route.abort())
    page.run_all(wait=False)
    widget = WidgetPage(page)
    state = widget.settle(60)
    assert (state["cells_drawn"], state["transport"], state["notices"]) == (700, "comm", [])
    assert state["traits"]["color_by"] == "louvain"
    pixels, adata = widget.project(few_cells().obsm["X_umap"]), few_cells()
    alone = isolated(pixels, 4)
    colors = rgb(list(adata.uns["louvain_colors"]))[adata.obs["louvain"].cat.codes]
    assert len(alone) >= 20
    assert wrong_colors(widget.pixels(), pixels, alone, colors) == 0
    width, height = state["plot"]["width"], state["plot"]["height"]
    widget.press("l")
    widget.draw([[4, 4], [width - 4, 4], [width - 4, height - 4], [4, height - 4]])
    widget.wait_until("(state) => state.selected === 700")
    assert page.cell_is_running(2), "the cell was still running when all this was there"
    heard = widget.root.locator(".status").get_by_role("status")
    heard.get_by_text("Python is busy: what you did waits").wait_for()
    page.interrupt_kernel()
    heard.wait_for(state="detached")
    assert page.execute("len(w.selection), w.ready") == "(700, True)"
    assert 700 < int(page.execute("w._talk.push.bytes_sent")) < 100_000


@pytest.mark.parametrize(
    "show",
    [
        "ipywidgets.Tab([ipywidgets.VBox([ipywidgets.Label('cells'), w])], titles=['plot'])",
        "box = ipywidgets.HBox()\ndisplay(box)\nbox.children = [w]",
    ],
    ids=["displayed", "put in later"],
)
def test_with_the_comm_alone_a_widget_inside_another_is_drawn_while_a_cell_runs(notebook, lab, show):
    make = "import ipywidgets\nw = CellucidWidget(adata, color_by='bulk_labels')\n"
    page = notebook([LOAD, make + show, "import time\ntime.sleep(300)"])
    page.page.route(to_server(lab), lambda route: route.abort())
    page.run_all(wait=False)
    state = WidgetPage(page).settle(60)
    assert (state["cells_drawn"], state["transport"], state["notices"]) == (700, "comm", [])
    assert page.cell_is_running(2), "the cell was still running when the picture was there"
    page.interrupt_kernel()
    assert 700 < int(page.execute("w._talk.push.bytes_sent")) < 100_000


def test_a_stranger_gets_nothing_from_the_server_of_a_notebook(notebook):
    page = notebook([LOAD, SHOW])
    page.run_all()
    WidgetPage(page).settle()
    address = page.execute("print(w.server_url)") + page.execute("print(w._server._path)").lstrip("/")
    for headers, status in (
        ({}, 401),
        ({"X-Cellucid-Token": "guess"}, 401),
        ({"Origin": "https://evil.example.org"}, 401),
        ({"Host": "evil.example.org"}, 403),
    ):
        request = urllib.request.Request(address + "manifest.json", headers=headers)
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(request, timeout=10)
        assert refusal.value.code == status
        assert "Access-Control-Allow-Origin" not in refusal.value.headers
        assert b"embeddings" not in refusal.value.read()


def test_a_page_of_another_origin_gets_nothing(notebook, context):
    page = notebook([LOAD, SHOW])
    page.run_all()
    WidgetPage(page).settle()
    address = page.execute("print(w.server_url)")
    foreign = context.new_page()
    foreign.route("https://evil.example.org/", lambda route: route.fulfill(body="<p>hello", content_type="text/html"))
    foreign.goto("https://evil.example.org/")
    seen = foreign.evaluate(
        """async (address) => {
          const ways = ["_cellucid/health", "_cellucid/datasets", "_cellucid/info"];
          return Promise.all(ways.map((way) => fetch(address + way).then((answer) => answer.text(), () => null)));
        }""",
        address,
    )
    foreign.close()
    assert seen == [None, None, None]


EIGHT = """
import scipy.sparse
dots = ad.AnnData(scipy.sparse.csr_matrix((200_000, 1), dtype=np.float32))
for key in ("X_umap", "X_tsne"):
    dots.obsm[key] = np.random.default_rng(0).normal(size=(200_000, 2)).astype(np.float32)
widgets = [CellucidWidget(dots, height=160) for _ in range(8)]
display(*widgets)
"""


def test_widgets_of_a_page_share_the_browsers_connections_and_leave_it_some(notebook):
    start = "from cellucid.server import data_server\ndata_server().start()\n"
    with Shaper(delay=0, rate=100_000_000) as line:
        override = f"import os\nos.environ['CELLUCID_CLIENT_SERVER_URL'] = {line.url!r}\n"
        page = notebook([LOAD + override + start, EIGHT])
        page.run_cell(0)
        line.target = int(page.execute("print(data_server().port)"))
        page.run_cell(1)
        widgets = [WidgetPage(page, index) for index in range(8)]
        for widget in widgets:
            drawn_without_complaint(widget, 200_000, "override")
        now, most = set(), 0

        def asked(request):
            nonlocal most
            if "X_tsne" in request.url:
                now.add(request)
                most = max(most, len(now))

        page.page.on("request", asked)
        for end in ("requestfinished", "requestfailed"):
            page.page.on(end, lambda request: now.discard(request))
        line.rate = 2_000_000  # 6 s for all
        page.execute("for w in widgets: w.embedding = 'X_tsne'")
        for widget in widgets:
            widget.wait_until("(state) => state.traits.embedding === 'X_tsne' && state.settled", 120)
        assert most in (4, 5), "the browser tells late of the end of one"
