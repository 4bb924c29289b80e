"""What a conversation needs of the widget that it speaks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from cellucid.channel import messages, rpc
    from cellucid.channel.selection import EncodedCells, Positions


class Marks(Protocol):
    """What Python says about single cells."""

    @property
    def hidden(self) -> Positions: ...  # noqa: D102
    @property
    def highlights(self) -> Sequence[tuple[str, Positions]]: ...  # noqa: D102


class Host(Protocol):
    """What the conversation needs of the widget."""

    @property
    def n_cells(self) -> int: ...  # noqa: D102

    def read_piece(self, path: str, offset: int, length: int) -> rpc.Answer:
        """One piece of a resource; :class:`~cellucid.channel.rpc.RequestError` where there is none."""

    def shown(self, changed: AbstractSet[str]) -> tuple[int, Iterable[str]]:
        """The version of the data, and the resources that a page reads to draw what has changed, the first first."""

    def reads_by_http(self, since: float) -> bool:
        """Whether a page has read data by HTTP since a moment of the monotonic clock."""

    def take_selection(self, cells: EncodedCells) -> None:
        """Make a selection from the viewer the widget's own; observers run here."""

    def current_selection(self) -> EncodedCells:
        """The widget's selection: the one that was taken last, where Python has set none since."""

    def names_of(self, cells: EncodedCells) -> Callable[[], Any]:
        """How to make the names of cells as they are called now, whatever data the widget shows by then."""

    def current_marks(self) -> Marks:
        """The hidden cells, and the highlights' colours and cells."""

    def server(self) -> Mapping[str, Any]:
        """Where a page finds the data server; :class:`~cellucid.channel.rpc.RequestError` where there is none."""

    def take_hover(self, cell: int | None) -> Mapping[str, Callable[[], Any]]:
        """Make the cell under the pointer the widget's own; returns how to make the keys of its hook event."""

    def take_traits(self, changed: messages.TraitsSet, page: str, *, outdated: bool) -> None:
        """Make what a person set the widget's own. What does not fit is reported, but of `outdated` data."""

    def tell_traits(self) -> None:
        """Send all pages what has changed, by ipywidgets' own message."""

    def traits_since(self, moment: int, page: str) -> tuple[int, Mapping[str, Any]]:
        """The number of the last change of a trait, and what others than the page have changed since."""

    def viewers_changed(self, *, known: bool, ready: bool, road: messages.TransportChosen | None) -> None:
        """A page began, chose its road, finished its first picture, or went away; the road is the newest page's."""

    def report(self, source: str, message: str, hint: str = "") -> None:
        """Tell the person about an error."""
