"""The widget as a page shows it: its pixels, its own account of what it drew, and a hand on the mouse."""

import io
import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import FrameLocator, Locator, Page

SELECTOR = ".cellucid"

Corners = npt.NDArray[np.float64]


class Place(Protocol):
    """Where widgets are shown."""

    @property
    def page(self) -> Page:
        """The browser's page."""
        ...

    @property
    def document(self) -> Page | FrameLocator:
        """The document of the page that holds the widgets: its own, or that of a frame."""
        ...


class WidgetPage:
    """One view of a widget on a page.

    Args:
        shown: what shows it; a page alone is its own document.
        index: which of the document's views, from the top.
    """

    def __init__(self, shown: Place | Page, index: int = 0) -> None:
        self.page, document = (shown, shown) if isinstance(shown, Page) else (shown.page, shown.document)
        self.root: Locator = document.locator(SELECTOR).nth(index)
        self.plot: Locator = self.root.locator(".plot")

    @staticmethod
    def count(place: Place) -> int:
        """Views in the document."""
        return place.document.locator(SELECTOR).count()

    def inspect(self) -> dict[str, Any]:
        """What the viewer says it did; see `Inspection` in js/src/host/inspection.ts."""
        result: dict[str, Any] = self.root.evaluate("(element) => element.cellucid.inspect()")
        return result

    def settle(self, seconds: float = 30) -> dict[str, Any]:
        """Wait until everything asked for is loaded and drawn; returns what the viewer then says."""
        self.root.wait_for(state="attached", timeout=seconds * 1000)
        self.root.scroll_into_view_if_needed()
        self.wait_until("(state) => state.settled", seconds)
        return self.inspect()

    def wait_until(self, condition: str, seconds: float = 30) -> None:
        """Wait until a JavaScript function of the inspection is true.

        Raises:
            AssertionError: with the last inspection.
        """
        handle = self.root.element_handle(timeout=seconds * 1000)
        done = handle.evaluate(
            f"""async (element, seconds) => {{
              const condition = {condition};
              const end = performance.now() + seconds * 1000;
              while (!condition(element.cellucid.inspect())) {{
                if (performance.now() > end) return false;
                await new Promise((resolve) => setTimeout(resolve, 30));
              }}
              return true;
            }}""",
            seconds,
        )
        if not done:
            raise AssertionError(f"not within {seconds} s: {condition}; the viewer says {self.inspect()}")

    def project(self, coordinates: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Data coordinates of all cells, `(n, 2)` or `(n, 3)`, to CSS pixels of the plot `(n, 2)`.

        Computed here and not by the viewer, from the camera's definition in docs/design/0002-two-roads.md.
        """
        state = self.inspect()
        camera = state["camera"]
        size = np.array([state["plot"]["width"], state["plot"]["height"]])
        points = np.asarray(coordinates, dtype=np.float64)
        if camera["axes"] == 2:
            return size / 2 + (points[:, :2] - camera["center"][:2]) * camera["scale"] * [1, -1]
        azimuth, elevation = np.radians([camera["azimuth"], camera["elevation"]])
        right = [-np.sin(azimuth), np.cos(azimuth), 0]
        up = [-np.sin(elevation) * np.cos(azimuth), -np.sin(elevation) * np.sin(azimuth), np.cos(elevation)]
        toward = [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
        view = (points - camera["center"]) @ np.array([right, up, toward]).T
        distance = 1.5 * np.linalg.norm(np.nanmax(points, axis=0) - np.nanmin(points, axis=0))
        near = (distance / (distance - view[:, 2]))[:, None]
        return size / 2 + view[:, :2] * camera["scale"] * near * [1, -1]

    def unproject(self, pixels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """CSS pixels of the plot `(n, 2)` to data coordinates of a plane `(n, 2)`."""
        state = self.inspect()
        centre, scale = np.array(state["camera"]["center"][:2]), state["camera"]["scale"]
        size = np.array([state["plot"]["width"], state["plot"]["height"]])
        return centre + (np.asarray(pixels, dtype=np.float64) - size / 2) / scale * [1, -1]

    def pixels(self) -> npt.NDArray[np.uint8]:
        """The plot as the screen shows it: `(height, width, 3)`."""
        # The page's own screenshot: what a person sees, with everything that lies over the canvas. The browser paints
        # an element that begins within a pixel from the nearest whole one.
        for _ in range(20):
            before = self.inspect()
            picture = np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))
            after = self.inspect()
            # JupyterLab lays the page out anew after a change of theme: the picture must be of the place we look at.
            if (before["plot"], before["frames"]) == (after["plot"], after["frames"]):
                break
        else:
            raise AssertionError("the plot does not come to rest")
        left, top = np.round(self._corner()).astype(int)
        return picture[top : top + round(after["plot"]["height"]), left : left + round(after["plot"]["width"])]

    def _corner(self) -> npt.NDArray[np.float64]:
        """Where the plot begins in the browser's window, in CSS pixels; what the viewer says is of its own frame."""
        box = self.plot.bounding_box()
        assert box is not None, "the plot is not shown"
        return np.array([box["x"], box["y"]])

    def press(self, key: str) -> None:
        """Press a key with the focus on the plot."""
        self.plot.focus()
        self.page.keyboard.press(key)

    def colour_by(self, name: str) -> None:
        """Find a field in the search of the toolbar, as a person does, and take the first that is found."""
        self.root.locator("button.field:not(.dataset)").click()
        query = self.root.get_by_role("combobox", name="Search obs columns and genes")
        query.fill(name)
        self.root.get_by_role("option").first.wait_for()
        query.press("Enter")
        query.wait_for(state="detached")

    def draw(self, corners: npt.NDArray[Any] | Sequence[Sequence[float]], *, hold: str | None = None) -> Corners:
        """Drag the mouse along straight lines between corners, in CSS pixels of the plot.

        Args:
            corners: `(n, 2)`, at least 8 px apart.
            hold: a key held meanwhile, such as "Shift".

        Returns:
            The corners that the mouse really visited, in the plot's CSS pixels: `(m, 2)`.
        """
        origin = self._corner()
        # Whole pixels: the browser rounds mouse positions, and the test must know where they went.
        path = np.round(np.asarray(corners, dtype=np.float64) + origin)
        visited = [path[0]]
        if hold:
            self.page.keyboard.down(hold)
        self.page.mouse.move(*path[0])
        self.page.mouse.down()
        for target in path[1:]:
            start = visited[-1]
            steps = max(1, math.floor(np.hypot(*(target - start)) / 8))
            for step in range(1, steps + 1):
                point = np.round(start + (target - start) * step / steps)
                self.page.mouse.move(*point)
                visited.append(point)
        self.page.mouse.up()
        if hold:
            self.page.keyboard.up(hold)
        return np.array(visited) - origin

    def lasso_half(self) -> None:
        """Draw a lasso round the left half of the plot."""
        plot = self.inspect()["plot"]
        width, height = plot["width"], plot["height"]
        self.press("l")
        self.draw([[10, 10], [width / 2, 10], [width / 2, height - 10], [10, height - 10]])
