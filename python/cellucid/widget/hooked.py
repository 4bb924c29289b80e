"""A widget that calls functions for what happens in its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

import traitlets

from cellucid.channel.conversation import Conversation
from cellucid.channel.hooks import Hook
from cellucid.channel.latest import ViewerState
from cellucid.widget.output import here
from cellucid.widget.paced import PacedWidget

_Hook = TypeVar("_Hook", bound=Callable[..., object])


class Register:
    """Registers a function for one event of a widget: ``@register``, or ``@register(debounce=0.25)``."""

    def __init__(self, widget: HookedWidget, event: str) -> None:
        self._widget = widget
        self._event = event

    @overload
    def __call__(self, hook: _Hook, *, debounce: float | None = None) -> _Hook: ...
    @overload
    def __call__(self, hook: None = None, *, debounce: float | None = None) -> Callable[[_Hook], _Hook]: ...

    def __call__(self, hook: Any = None, *, debounce: float | None = None) -> Any:
        """Register the function, or return what registers it."""
        if hook is None:
            return lambda given: self._widget.register_hook(self._event, given, debounce)
        return self._widget.register_hook(self._event, hook, debounce)


class HookedWidget(PacedWidget):
    """Adds hooks to a widget, and knows whether anybody listens to the pointer."""

    _hover_wanted = traitlets.Bool(False, read_only=True).tag(sync=True)

    _conversation: Conversation | None = None  # a widget whose construction failed is closed all the same

    @property
    def state(self) -> ViewerState:
        """What the viewer said last: ``ready``, ``selection``, ``hover``, ``click``, and the last event of any kind.

        A snapshot, with the events as hooks get them. The traits say what holds now.
        """
        return self._talk.latest.state

    @property
    def on_selection(self) -> Register:
        """Decorator: call a function with every selection: ``cells``, ``indices``, ``names``, ``source``.

        As ``@widget.on_selection(debounce=0.25)`` it is called with the latest selection once none has come for so many
        seconds. The other decorators take this, too.
        """
        return self._decorator("selection")

    @property
    def on_hover(self) -> Register:
        """Decorator: call a function when the pointer comes to another cell, or leaves it: ``cell``, ``position``."""
        return self._decorator("hover")

    @property
    def on_click(self) -> Register:
        """Decorator: call a function with every click on a cell: ``cell``, ``button``, ``shift``, ``ctrl``."""
        return self._decorator("click")

    @property
    def on_ready(self) -> Register:
        """Decorator: call a function when a viewer has drawn its first picture: ``n_cells``, ``dimensions``."""
        return self._decorator("ready")

    @property
    def on_message(self) -> Register:
        """Decorator: call a function with every event of whatever kind: ``event`` and the event's own keys."""
        return self._decorator("message")

    def register_hook(self, event: str, hook: _Hook, debounce: float | None = None) -> _Hook:
        """Call ``hook`` with every ``event``, in order, on the widget's hook thread ``cellucid-hooks-<id>``.

        What the hook prints and displays lands under the latest run of the cell that registered it, whichever cell
        runs meanwhile.

        Args:
            event: ``"selection"``, ``"hover"``, ``"click"``, ``"ready"``, ``"message"``, or the name of your own.
            hook: takes the event; may be ``async def``.
            debounce: seconds without another event, after which the hook is called with the latest.
        """
        registered = self._talk.hooks.register(event, hook, debounce, here())
        self._tell_whether_hover_is_wanted()
        return registered

    def unregister_hook(self, event: str, hook: Hook) -> bool:
        """Stop calling ``hook``; False when it was not registered."""
        removed = self._talk.hooks.unregister(event, hook)
        self._tell_whether_hover_is_wanted()
        return removed

    def clear_hooks(self, event: str | None = None) -> None:
        """Stop calling the hooks of one event, or all hooks."""
        self._talk.hooks.clear(event)
        self._tell_whether_hover_is_wanted()

    def _decorator(self, event: str) -> Register:
        return Register(self, event)

    def observe(self, handler: Callable[..., Any], names: Any = traitlets.All, type: Any = "change") -> None:
        """Call a function when traits change; as in traitlets."""
        super().observe(handler, names, type)
        self._tell_whether_hover_is_wanted()

    def unobserve(self, handler: Callable[..., Any], names: Any = traitlets.All, type: Any = "change") -> None:
        """Stop calling a function; as in traitlets."""
        super().unobserve(handler, names, type)
        self._tell_whether_hover_is_wanted()

    def unobserve_all(self, name: Any = traitlets.All) -> None:
        """Stop calling the functions of one trait, or of all; as in traitlets."""
        super().unobserve_all(name)
        self._tell_whether_hover_is_wanted()

    def _tell_whether_hover_is_wanted(self) -> None:
        # Hovers come ten times a second: a page sends them only while somebody listens.
        observed = self._is_observed("hovered")
        hooked = self._conversation is not None and bool(self._conversation.hooks.of("hover"))
        if (observed or hooked) != self._hover_wanted:
            self.set_trait("_hover_wanted", observed or hooked)

    def _is_observed(self, trait: str) -> bool:
        notifiers = (self._trait_notifiers.get(name, {}) for name in (trait, traitlets.All))
        return any(handlers for of_name in notifiers for handlers in of_name.values())

    @property
    def _talk(self) -> Conversation:
        assert self._conversation is not None, "the widget is not constructed yet"
        return self._conversation

    def _handle_custom_msg(self, content: object, buffers: list[memoryview]) -> None:
        # Not by on_msg, which is ready only some time after the comm has been opened.
        self._talk.receive(content, buffers)
        super()._handle_custom_msg(content, buffers)
