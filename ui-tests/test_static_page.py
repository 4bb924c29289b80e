"""The page without Python: on hosts that serve files, and with folders of the person's own disk."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from playwright.sync_api import Browser, Page

from cells import few_cells, inside, isolated, rgb, wrong_colors
from cellucid import open_dataset
from cellucid.cli import main
from hosts.static import StaticHost
from hosts.widget import WidgetPage

ROOT = Path(__file__).parent.parent
CELLUCIDS_OWN = ROOT / "tests/vectors/exports"
GENE = "CST3"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a person makes of a file with two commands and puts on a host: two exports, their list and the page."""
    place = tmp_path_factory.mktemp("site")
    few_cells().write_h5ad(place / "cells.h5ad")
    folder = place / "pub/site"
    folder.mkdir(parents=True)
    exports = {
        "plain": ["--name", "Plain cells", "--id", "plain"],
        "small": ["--name", "Small cells", "--id", "small", "--compression", "6", "--var-quantization", "16"],
    }
    for name, options in exports.items():
        assert main(["prepare", str(place / "cells.h5ad"), str(folder / name), *options, "--quiet"]) == 0
    assert main(["page", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose errors fail the test, and whose requests to anywhere but its own host do."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    own = ("http://127.0.0.1:", "file:///", "data:", "blob:")
    context.on("request", lambda asked: None if asked.url.startswith(own) else wrong.append(asked.url))
    opened.add_init_script("delete window.showDirectoryPicker")  # whose dialogue no test can reach
    yield opened
    context.close()
    assert wrong == []


def make_points_small(widget: WidgetPage) -> None:
    widget.root.get_by_role("button", name="Settings").click()
    widget.root.get_by_role("slider", name="Point size").press("Home")
    widget.page.keyboard.press("Escape")
    widget.plot.focus()


def colors_of(values: np.ndarray) -> np.ndarray:
    span = (values - values.min()) / (values.max() - values.min())
    return (colormaps["viridis"](span)[:, :3] * 255).round().astype(np.uint8)


def choose(page: Page, folder: Path) -> None:
    """Give a folder to the browser's own dialogue."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(folder)


@pytest.mark.parametrize(
    ("odd", "dataset"), [(False, "plain"), (False, "small"), (True, "small")], ids=["plain", "packed", "odd host"]
)
def test_a_host_of_files_shows_colours_and_lassoes(page, site, odd, dataset):
    adata = few_cells()
    with StaticHost(site.parent.parent, odd=odd) as host, open_dataset(site / dataset) as python:
        page.goto(f"{host.url}pub/site/?dataset={dataset}")
        widget = WidgetPage(page)
        state = widget.settle()
        assert state["cells_drawn"] == 700
        assert state["transport"] == "files"
        assert state["carriers"]["files"]["bytes_received"] > 0
        assert page.title() == python.name
        assert widget.root.get_by_text("No Python").is_visible()

        make_points_small(widget)
        widget.colour_by("bulk_labels")
        widget.root.get_by_role("heading", name="bulk_labels").wait_for()  # the legend takes some of the plot's room
        widget.settle()
        pixels = widget.project(python.coordinates("X_umap"))
        alone = isolated(pixels, 8)
        assert len(alone) >= 50
        colors = rgb(list(adata.uns["bulk_labels_colors"]))[adata.obs["bulk_labels"].cat.codes]
        assert wrong_colors(widget.pixels(), pixels, alone, colors) == 0
        labels = widget.root.locator(".legend .row .name").all_inner_texts()
        assert labels == list(adata.obs["bulk_labels"].cat.categories)

        widget.colour_by(GENE)
        widget.root.get_by_role("heading", name=GENE).wait_for()
        widget.settle()
        assert wrong_colors(widget.pixels(), pixels, alone, colors_of(python.gene(GENE)), tolerance=6) == 0

        widget.press("l")
        plot = widget.inspect()["plot"]
        corners = np.array([[0.2, 0.1], [0.6, 0.2], [0.5, 0.9], [0.35, 0.5]]) * [plot["width"], plot["height"]]
        caught = inside(python.coordinates("X_umap"), widget.unproject(widget.draw(corners)))
        assert len(caught) > 50
        widget.wait_until(f"(state) => state.selected === {len(caught)}")
        assert widget.inspect()["notices"] == []


def test_filters_embeddings_and_names_work_without_python(page, site):
    adata = few_cells()
    with StaticHost(site) as host:
        page.goto(host.url)
        widget = WidgetPage(page)
        widget.settle()
        widget.colour_by("louvain")
        widget.settle()
        first = adata.obs["louvain"].cat.categories[0]
        widget.root.locator(".legend .row").first.click()
        left = int((adata.obs["louvain"] != first).sum())
        widget.wait_until(f"(state) => state.visible === {left}")
        widget.root.get_by_role("combobox", name="Embedding").select_option("X_pca")
        widget.wait_until("(state) => state.traits.embedding === 'X_pca' && state.settled")
        assert widget.inspect()["camera"]["axes"] == 3
        widget.root.get_by_role("combobox", name="Embedding").select_option("X_umap")
        widget.wait_until("(state) => state.traits.embedding === 'X_umap' && state.settled")
        coordinates = np.array(adata.obsm["X_umap"])
        cell = int(np.flatnonzero(adata.obs["louvain"] != first)[5])
        pixel = widget.project(coordinates)[cell]
        plot = widget.inspect()["plot"]
        page.mouse.move(plot["left"] + pixel[0], plot["top"] + pixel[1])
        widget.wait_until("(state) => state.hovered !== null")
        name = adata.obs_names[widget.inspect()["hovered"]]
        widget.root.locator(".tooltip").get_by_text(name, exact=True).wait_for()


def test_the_menu_switches_and_the_address_leads_back(page, site):
    with StaticHost(site) as host:
        page.goto(host.url)
        widget = WidgetPage(page)
        widget.settle()
        assert page.title() == "Plain cells"
        widget.colour_by("louvain")
        widget.settle()
        widget.root.get_by_role("button", name="Dataset: Plain cells").click()
        widget.root.get_by_role("option", name="Small cells").click()
        page.wait_for_url("**/?color_by=louvain&dataset=small")
        widget = WidgetPage(page)
        assert widget.settle()["traits"]["color_by"] == "louvain", "what fits stays"
        assert page.title() == "Small cells"
        page.reload()
        assert WidgetPage(page).settle()["traits"]["color_by"] == "louvain"
        assert page.title() == "Small cells"
        page.goto(f"{host.url}?dataset=small&color_by={GENE}")
        assert WidgetPage(page).settle()["traits"]["color_by"] == GENE
        page.goto(f"{host.url}?dataset=gone&color_by=nothing")
        notices = WidgetPage(page).settle()["notices"]
        assert notices == ["There is no dataset “gone” here. “Plain cells” is shown instead."]
        page.wait_for_url("**/?dataset=plain")


def test_the_address_says_nothing_that_is_not_shown(page, site, tmp_path):
    for folder in (site / "plain", CELLUCIDS_OWN / "C-q8gz"):
        shutil.copytree(folder, tmp_path / "site" / folder.name)
    assert main(["page", str(tmp_path / "site"), "--quiet"]) == 0
    with StaticHost(tmp_path / "site") as host:
        page.goto(f"{host.url}?dataset=plain&color_by={GENE}&of=others")
        widget = WidgetPage(page)
        assert widget.settle()["traits"]["color_by"] == GENE
        widget.root.get_by_role("button", name="Dataset: Plain cells").click()
        widget.root.get_by_role("option", name="Tiny demo").click()
        page.wait_for_url("**/?dataset=tiny_demo&of=others")
        assert WidgetPage(page).settle()["traits"]["color_by"] is None
        assert page.title() == "Tiny demo"

        page.goto(f"{host.url}?dataset=plain&color_by=CST33")
        widget = WidgetPage(page)
        assert widget.settle()["notices"] == [
            "“Plain cells” has no column or gene “CST33”. "
            "The address asks for its colours. Choose others above the plot."
        ]
        page.wait_for_url("**/?dataset=plain")
        widget.colour_by("louvain")
        page.wait_for_url("**/?dataset=plain&color_by=louvain")

        # No address leads to a folder of the disk.
        widget.root.get_by_role("button", name="Settings").click()
        with page.expect_file_chooser() as chooser:
            widget.root.get_by_role("button", name="Open a folder…").click()
        chooser.value.set_files(site / "small")
        page.wait_for_url(host.url)
        assert WidgetPage(page).settle()["transport"] == "folder"


def test_only_what_is_shown_is_sent_for(page, site):
    with StaticHost(site) as host:
        page.goto(host.url)
        widget = WidgetPage(page)
        widget.settle()
        arrays = [path for path in host.asked if not path.endswith((".json", "/"))]
        assert arrays == ["/plain/points_2d.bin"]
        widget.colour_by(GENE)
        widget.settle()
        assert [path for path in host.asked if "/var/" in path] == [f"/plain/var/{GENE}.values.f32"]


def test_an_export_that_is_written_anew_is_not_mixed_with_the_old_one(page, site, tmp_path):
    shutil.copytree(site / "plain", tmp_path / "site")
    assert main(["page", str(tmp_path / "site"), "--quiet"]) == 0
    with StaticHost(tmp_path / "site") as host:
        page.goto(host.url)
        widget = WidgetPage(page)
        widget.settle()
        identity = tmp_path / "site/dataset_identity.json"
        identity.write_text(json.dumps(json.loads(identity.read_text()) | {"created_at": "2000-01-01T00:00:00Z"}))
        widget.colour_by("louvain")
        widget.wait_until("(state) => state.notices.length > 0")
        notice = widget.inspect()["notices"][0]
        assert "has changed since this page opened it. Reload the page." in notice


def test_a_folder_of_the_disk_is_opened_and_nothing_is_sent(page, site, tmp_path):
    assert main(["page", str(tmp_path / "alone"), "--quiet"]) == 0
    with StaticHost(tmp_path / "alone") as host:
        page.goto(host.url)
        page.get_by_text("No data lie beside this page").wait_for()
        before = len(host.asked)
        choose(page, site)
        widget = WidgetPage(page)
        assert widget.settle()["cells_drawn"] == 700
        assert widget.inspect()["transport"] == "folder"
        assert page.title() == "Plain cells"
        widget.colour_by(GENE)
        widget.root.get_by_role("heading", name=GENE).wait_for()
        assert widget.settle()["notices"] == []
        assert host.asked[before:] == []
        assert "dataset=" not in page.url

        # Another one, from the settings: a single export of Cellucid's own.
        widget.root.get_by_role("button", name="Settings").click()
        with page.expect_file_chooser() as chooser:
            widget.root.get_by_role("button", name="Open a folder…").click()
        chooser.value.set_files(CELLUCIDS_OWN / "C-q8gz")
        widget.wait_until("() => document.title === 'Tiny demo'")
        assert WidgetPage(page).settle()["cells_drawn"] == 12


def test_the_page_opened_from_the_disk_shows_a_folder_of_it(page, site):
    page.goto((site / "index.html").as_uri())
    page.get_by_text("opened as a file").wait_for()
    choose(page, site / "small")
    widget = WidgetPage(page)
    assert widget.settle()["cells_drawn"] == 700
    widget.colour_by("bulk_labels")
    assert widget.settle()["notices"] == []


def test_a_folder_that_the_browser_gives_as_a_handle_is_opened(page, site):
    # A real handle, of the folder that a page has for itself: no test reaches the dialogue that gives others.
    with StaticHost(site) as host:
        page.goto(f"{host.url}?dataset=plain")
        WidgetPage(page).settle()
        files = [file.relative_to(CELLUCIDS_OWN).as_posix() for file in (CELLUCIDS_OWN / "B-q8gz").rglob("*.*")]
        content = {file: list((CELLUCIDS_OWN / file).read_bytes()) for file in files}
        page.evaluate(
            """async (files) => {
              const root = await navigator.storage.getDirectory();
              for (const [path, bytes] of Object.entries(files)) {
                const parts = path.split("/");
                let folder = root;
                for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create: true });
                const writing = await (await folder.getFileHandle(parts.at(-1), { create: true })).createWritable();
                await writing.write(new Uint8Array(bytes));
                await writing.close();
              }
              globalThis.showDirectoryPicker = async () => root.getDirectoryHandle("B-q8gz");
            }""",
            content,
        )
        page.get_by_role("button", name="Settings").click()
        page.get_by_role("button", name="Open a folder…").click()
        widget = WidgetPage(page)
        widget.wait_until("() => document.title === 'Tiny demo'")
        assert WidgetPage(page).settle()["cells_drawn"] == 12
        widget = WidgetPage(page)
        widget.colour_by("cell type")
        widget.root.get_by_role("heading", name="cell type").wait_for()
        assert widget.settle()["notices"] == []


def drop(page: Page, path: Path) -> None:
    """What the browser is told when a file manager lets go of something over the page."""
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 400, "data": data})


def test_a_folder_is_dropped_on_the_page_and_a_file_is_told_what_it_is(page, site, tmp_path):
    page.goto((site / "index.html").as_uri())
    page.get_by_text("opened as a file").wait_for()
    drop(page, site.parent.parent / "cells.h5ad")
    page.get_by_role("alert").get_by_text('cellucid prepare "cells.h5ad" my_export').wait_for()
    drop(page, site)
    assert WidgetPage(page).settle()["cells_drawn"] == 700
    assert page.title() == "Plain cells"
    (tmp_path / "empty").mkdir()
    drop(page, tmp_path / "empty")
    WidgetPage(page).wait_until("(state) => state.notices.length > 0")
    assert "There is no export in “empty”" in WidgetPage(page).inspect()["notices"][0]
    assert WidgetPage(page).inspect()["cells_drawn"] == 700, "what was shown stays"


def test_a_wrong_folder_and_a_broken_one_say_what_to_do(page, site, tmp_path):
    page.goto((site / "index.html").as_uri())
    choose(page, site / "plain/var")
    alert = page.get_by_role("alert")
    alert.get_by_text("There is no export in “var”").wait_for()
    broken = shutil.copytree(site / "plain", tmp_path / "broken")
    (broken / "points_2d.bin").write_bytes(b"\0" * 100)
    choose(page, broken)
    alert.get_by_text("broken/points_2d.bin: it has 100 bytes instead of the 5600").wait_for()
    alert.get_by_text("Write the export again, or choose another folder.").wait_for()
    choose(page, site / "plain")
    assert WidgetPage(page).settle()["cells_drawn"] == 700
