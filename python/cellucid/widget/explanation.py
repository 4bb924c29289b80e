"""What stands in the cell where a page shows the widget and the viewer never starts there."""

from __future__ import annotations

import asyncio
import html
import logging
from importlib.metadata import version

from ipywidgets import HTML

from cellucid.widget.output import Place

logger = logging.getLogger("cellucid.jupyter")

PATIENCE = 8
"""Seconds, each of them without work for the kernel, for the viewer to speak once a page shows the widget."""

_TICK = 1.0


class Explanation:
    """Says what to do, and goes as soon as a viewer speaks.

    Where Jupyter's own environment lacks anywidget, a page shows an error that does not say so. But it counts what it
    shows, as pages of ipywidgets do; where a notebook runs without any page, nothing is counted and nothing is said.
    """

    def __init__(self) -> None:
        self._place: Place | None = None
        self._views = 0
        self._watching = False
        self._ended = False
        self._shown: HTML | None = None

    def displayed(self, place: Place) -> None:
        """The widget is shown; what is said about that belongs there."""
        self._place = place

    def views(self, count: int) -> None:
        """A page shows so many views of the widget, whether or not the viewer is in them."""
        self._views = count
        if count > 0 and not self._watching and not self._ended and self._shown is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:  # there is no telling whether the kernel is idle
                return
            self._watching = True
            self._watch(loop, PATIENCE)

    def end(self) -> None:
        """A viewer has spoken over the comm, or the widget was stopped: there is nothing to explain. Idempotent."""
        self._ended = True
        if self._shown is not None:  # not closed: a page that is reloaded would miss it
            self._shown.value = ""
            self._shown.layout.display = "none"

    def close(self) -> None:
        """The widget is taken off the page, and this with it. Idempotent."""
        self._ended = True
        if self._shown is not None:
            self._shown.close()

    def _watch(self, loop: asyncio.AbstractEventLoop, left: int) -> None:
        due = loop.time() + _TICK

        def tick() -> None:
            if self._ended or self._views <= 0:
                self._watching = False
            elif loop.time() > due + _TICK / 2:  # the kernel was busy: what the viewer has said waits
                self._watch(loop, PATIENCE)
            elif left > 1:
                self._watch(loop, left - 1)
            else:
                self._watching = False
                self._explain()

        loop.call_later(_TICK, tick)

    def _explain(self) -> None:
        if self._place is None:
            return
        from IPython.display import display

        needed = ".".join(version("anywidget").split(".")[:2])
        text = (
            f"The viewer could not start here: install anywidget {needed} in the environment that runs Jupyter, "
            "then reload the page."
        )
        logger.info("%s", text)
        self._shown = HTML(f"<p role='status'>{html.escape(text)}</p>")
        view = self._shown._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]
        with self._place():
            # Not as text: that would be read in a saved notebook, wherever that is opened.
            display({"application/vnd.jupyter.widget-view+json": view, "text/plain": ""}, raw=True)  # type: ignore[no-untyped-call]
        if self._ended:  # meanwhile, on another thread
            self.end()
