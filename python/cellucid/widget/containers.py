"""Widgets that are displayed inside others, of which only the outermost is asked how it looks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from ipywidgets import Widget, widget_serialization
from ipywidgets.widgets.widget import _instances

logger = logging.getLogger("cellucid.jupyter")

_VIEW = "application/vnd.jupyter.widget-view+json"


class Containers:
    """Looks at what a kernel displays for the widgets that are inside, then or later.

    Args:
        shell: IPython's, of the kernel.
        displayed: told of each widget inside one that is displayed.
    """

    def __init__(self, shell: Any, displayed: Callable[[Widget], None]) -> None:
        self._shell = shell
        self._tell = displayed
        self._watched = threading.local()
        self._inside: WeakSet[Widget] = WeakSet()
        # A cell's result is published by another way than display(), which has no hook before ipykernel 7.4.
        shell.events.register("post_run_cell", self._cell_ended)

    def watch(self) -> None:
        """Look at what this thread displays from now on; while it is captured, from when it no longer is."""
        publisher = self._shell.display_pub
        if hasattr(publisher, "register_hook") and not getattr(self._watched, "already", False):
            self._watched.already = True
            publisher.register_hook(self._published)

    def _published(self, message: dict[str, Any]) -> dict[str, Any]:
        view = message["content"].get("data", {}).get(_VIEW)
        if isinstance(view, dict):
            self._displayed(_instances.get(str(view.get("model_id"))))
        return message

    def _cell_ended(self, run: Any) -> None:
        self.watch()
        self._displayed(run.result)

    def _displayed(self, what: object) -> None:
        if isinstance(what, Widget):
            with _unharmed():
                self._look_into(what, lambda widget: widget is not what)

    def _changed(self, change: Any) -> None:
        with _unharmed():
            for put in _referred_to(change.new):
                self._look_into(put, lambda widget: widget not in self._inside)

    def _look_into(self, outermost: Widget, is_new: Callable[[Widget], bool]) -> None:
        new = [widget for widget in _inside(outermost) if is_new(widget)]
        for widget in _inside(outermost):
            if widget not in self._inside:
                self._inside.add(widget)
                widget.observe(self._changed, _places(widget))
        for widget in new:
            self._tell(widget)


@contextmanager
def _unharmed() -> Iterator[None]:
    """Somebody else's widget, or the cell that displays it, is not to suffer from being looked into."""
    try:
        yield
    except Exception:
        logger.exception("what is inside a displayed widget is not known")


def _inside(outermost: Widget) -> Iterator[Widget]:
    """A widget, and all that it holds, at any depth."""
    left, seen = [outermost], set()
    while left:
        widget = left.pop()
        if widget in seen:
            continue
        seen.add(widget)
        yield widget
        # Of what was never set there is nothing to find, and reading it might compute it.
        values = widget._trait_values
        left += [inner for place in _places(widget) for inner in _referred_to(values.get(place))]


def _places(widget: Widget) -> list[str]:
    """The traits that may hold other widgets."""
    return list(widget.trait_names(to_json=lambda written: written is widget_serialization["to_json"]))


def _referred_to(value: object) -> Iterator[Widget]:
    if isinstance(value, Widget):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _referred_to(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _referred_to(item)
