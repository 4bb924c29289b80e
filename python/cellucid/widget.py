"""The widget: its traits, and which room answers for each."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import resources
from typing import Any, TypeVar

import anywidget
import numpy as np
import numpy.typing as npt
import pandas as pd
import traitlets
from anndata import AnnData
from ipywidgets import Layout

from cellucid.cells import CellLookup, Selection
from cellucid.channel.conversation import Conversation
from cellucid.channel.hooks import Hook
from cellucid.dataset import Dataset, open_dataset
from cellucid.host import WidgetHost
from cellucid.traits import EmbeddingTrait, FieldTrait, LayerTrait, RangedFloat, RangedInt, SelectionTrait

logger = logging.getLogger("cellucid.jupyter")

_Hook = TypeVar("_Hook", bound=Callable[..., object])

_VIEWER = resources.files("cellucid") / "static" / "widget.js"

# What a page may set. ipywidgets' set_state would let it set anything, read-only traits and the front end included.
_SET_BY_VIEWER = frozenset({"embedding", "color_by", "layer", "point_size", "height"})


class CellucidWidget(anywidget.AnyWidget):
    """Shows the cells of a dataset, and brings what a person selects to Python.

    Args:
        data: an :class:`anndata.AnnData` in memory, or anything else that :func:`cellucid.open_dataset` takes. It is
            never modified, nor copied as a whole.
        embedding: the ``obsm`` key to show; by default the first of UMAP, t-SNE, graph layouts, spatial, others, PCA.
        color_by: an obs column or a gene; an obs column wins a name clash, ``"obs:x"`` and ``"gene:x"`` are explicit.
        layer: the matrix that genes come from: ``"X"``, ``"raw"`` or a layer's name. None is scanpy's rule: ``raw`` if
            there is one, else ``X``.
        point_size: multiplies the automatic size of the points, 0.05 to 20.
        height: pixels, 160 to 4,000.
        layout: ipywidgets' own layout.

    Raises:
        TypeError: for data that cannot be opened.
        ValueError: for data without cells or without an embedding to show; it says what is there instead.
        traitlets.TraitError: for an unknown embedding, field or layer; it names the closest ones.
    """

    _esm = _VIEWER.read_text(encoding="utf-8") if _VIEWER.is_file() else ""

    viewer_id = traitlets.Unicode(read_only=True, help="Names this widget to its pages.").tag(sync=True)
    embedding = EmbeddingTrait(help="The obsm key shown.").tag(sync=True)
    embeddings = traitlets.List(traitlets.Unicode(), read_only=True, help="The obsm keys to choose from.").tag(
        sync=True
    )
    color_by = FieldTrait(help="The obs column or gene that colours the cells, or None.").tag(sync=True)
    layer = LayerTrait(help="The matrix genes come from; None is scanpy's rule.").tag(sync=True)
    point_size = RangedFloat(1.0, 0.05, 20.0).tag(sync=True)
    height = RangedInt(520, 160, 4000).tag(sync=True)
    selection = SelectionTrait(help="Row positions of the selected cells, sorted, unique, read-only.")
    n_cells = traitlets.Int(read_only=True, help="Cells of the dataset.").tag(sync=True)
    ready = traitlets.Bool(False, read_only=True, help="Whether a viewer has drawn its first picture.").tag(sync=True)
    status = traitlets.Enum(("not shown", "loading", "ready", "closed"), "not shown", read_only=True).tag(sync=True)
    errors = traitlets.List(traitlets.Dict(), read_only=True, help="What went wrong, oldest first.").tag(sync=True)

    # One for all widgets: observers run under it, and those of linked widgets set each other's traits from any thread.
    _lock = threading.RLock()
    _conversation: Conversation | None = None  # a widget whose construction failed is closed all the same

    def __init__(
        self,
        data: object,
        *,
        embedding: str | None = None,
        color_by: str | None = None,
        layer: str | None = None,
        point_size: float = 1.0,
        height: int = 520,
        layout: Layout | dict[str, str] | None = None,
    ) -> None:
        if not self._esm:
            raise RuntimeError(f"The viewer is not built: {_VIEWER} is missing. Run `make build` in the checkout.")
        self._dataset: Dataset = open_dataset(data)
        self._cells = CellLookup(self._dataset.n_cells, self._dataset.cell_names, self._dataset.query)
        self._host = WidgetHost(self, self._dataset)
        self._conversation = Conversation(self._host, self.send, name=self.viewer_id[:8], lock=self._lock)
        self._shown_in_execution: int | None = None
        if layout is None or isinstance(layout, dict):
            layout = Layout(**({"width": "100%"} | (layout or {})))  # a box of ipywidgets would shrink it to nothing
        super().__init__(
            layer=layer,  # before color_by, which is looked up in its genes
            embedding=self._dataset.embeddings[0] if embedding is None else embedding,
            color_by=color_by,
            point_size=point_size,
            height=height,
            layout=layout,
        )

    # -- reading and driving -----------------------------------------------------------------------------------------

    @property
    def selected(self) -> AnnData:
        """The selected cells, ``adata[selection]``: a view."""
        return self._dataset.subset(self.selection)

    @property
    def selected_names(self) -> pd.Index[str]:
        """The names of the selected cells, in the order of the dataset."""
        return self._host.names_of(self.selection)

    @property
    def selection_mask(self) -> npt.NDArray[np.bool_]:
        """The selection as a boolean array ``(n_cells,)``."""
        return self.selection.mask(self.n_cells)

    def select(self, what: object) -> Selection:
        """Select cells.

        Args:
            what: row positions, a boolean mask ``(n_cells,)``, cell names, a pandas query on obs such as
                ``"louvain == '3' and percent_mito < 0.05"``, or None for no cells.

        Returns:
            The new selection.

        Raises:
            traitlets.TraitError: naming the positions, names or columns that are not there.
        """
        self.selection = what
        selection: Selection = self.selection
        return selection

    def close(self) -> None:
        """Take the widget off the page and stop its threads. Idempotent; your data stay open."""
        if self._conversation is not None and self.status != "closed":
            self._conversation.close()
            self._dataset.clear_cache()
            self.set_trait("ready", False)
            self.set_trait("status", "closed")
        super().close()

    def __del__(self) -> None:
        # ipywidgets would close here. But the garbage collector runs this on any thread and in the middle of anything,
        # also while that thread holds a lock that another one waits for with ours. Nothing is open by then: ipywidgets
        # holds every widget until it is closed, and one whose construction failed has started nothing.
        pass

    # -- hooks -------------------------------------------------------------------------------------------------------

    @property
    def on_selection(self) -> Callable[[_Hook], _Hook]:
        """Decorator: call a function with every selection: ``cells``, ``indices``, ``names``, ``source``."""
        return self._decorator("selection")

    @property
    def on_click(self) -> Callable[[_Hook], _Hook]:
        """Decorator: call a function with every click on a cell: ``cell``, ``button``, ``shift``, ``ctrl``."""
        return self._decorator("click")

    @property
    def on_ready(self) -> Callable[[_Hook], _Hook]:
        """Decorator: call a function when a viewer has drawn its first picture: ``n_cells``, ``dimensions``."""
        return self._decorator("ready")

    @property
    def on_message(self) -> Callable[[_Hook], _Hook]:
        """Decorator: call a function with every event of whatever kind: ``event`` and the event's own keys."""
        return self._decorator("message")

    def register_hook(self, event: str, hook: _Hook) -> _Hook:
        """Call ``hook`` with every ``event``, in order, on the widget's hook thread ``cellucid-hooks-<id>``."""
        return self._talk.hooks.register(event, hook)

    def unregister_hook(self, event: str, hook: Hook) -> bool:
        """Stop calling ``hook``; False when it was not registered."""
        return self._talk.hooks.unregister(event, hook)

    def clear_hooks(self, event: str | None = None) -> None:
        """Stop calling the hooks of one event, or all hooks."""
        self._talk.hooks.clear(event)

    def _decorator(self, event: str) -> Callable[[_Hook], _Hook]:
        return lambda hook: self.register_hook(event, hook)

    # -- the channel ---------------------------------------------------------------------------------------------------

    @property
    def _talk(self) -> Conversation:
        assert self._conversation is not None, "the widget is not constructed yet"
        return self._conversation

    def _handle_custom_msg(self, content: object, buffers: list[memoryview]) -> None:
        # Not by on_msg, which is ready only some time after the comm has been opened.
        self._talk.receive(content, buffers)
        super()._handle_custom_msg(content, buffers)

    @traitlets.observe("selection")
    def _publish_selection(self, _: object) -> None:
        if self._conversation is not None:
            self._conversation.selection_changed()

    # -- ipywidgets --------------------------------------------------------------------------------------------------

    @traitlets.default("viewer_id")
    def _viewer_id(self) -> str:
        return uuid.uuid4().hex

    @traitlets.default("embeddings")
    def _embeddings(self) -> list[str]:
        return list(self._dataset.embeddings)

    @traitlets.default("n_cells")
    def _n_cells(self) -> int:
        return self._dataset.n_cells

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take trait values from a page: only those it may set. What fails is reported, and a bad value taken back."""
        wanted = {name: value for name, value in sync_data.items() if name in _SET_BY_VIEWER}
        with self._lock:
            try:
                super().set_state(wanted)
            except Exception as error:  # observers are users' code; nobody would see what they raise here
                logger.exception("what a page set was not taken as it is")
                refused = any(getattr(self, name) != value for name, value in wanted.items())
                self._host.report("trait" if refused else "observer", f"{type(error).__name__}: {error}")
                self.send_state(list(wanted))

    def set_trait(self, name: str, value: object) -> None:
        """Set a trait, read-only ones included."""
        with self._lock:
            super().set_trait(name, value)

    # ipywidgets swaps notify_change on the instance while it applies a state; a trait set on another thread meanwhile
    # would be merged away. One lock round all of them keeps every notification.

    def _notify_trait(self, name: str, old_value: object, new_value: object) -> None:
        with self._lock:
            super()._notify_trait(name, old_value, new_value)

    @contextmanager
    def hold_trait_notifications(self) -> Generator[None, None, None]:
        """Bundle notifications; other threads wait."""
        with self._lock, super().hold_trait_notifications():
            yield

    @contextmanager
    def hold_sync(self) -> Generator[None, None, None]:
        """Bundle what is sent to the pages; other threads wait."""
        with self._lock, super().hold_sync():
            yield

    # -- display -----------------------------------------------------------------------------------------------------

    def shown_in(self, execution: int) -> None:
        """Remember that the cell run ``execution`` shows the widget already."""
        self._shown_in_execution = execution

    @property
    def _ipython_display_(self) -> Callable[[], None] | None:
        # IPython asks for this before the mime bundle. ``show_anndata(adata)`` as a cell's last expression would be
        # shown by the call and once more as the cell's result; the second time is answered with nothing.
        shell = _ipython()
        if shell is None or self._shown_in_execution != shell.execution_count:
            return None
        return lambda: None

    def __repr__(self) -> str:
        colored = "" if self.color_by is None else f", color_by={self.color_by!r}"
        return f"CellucidWidget({self.n_cells:,} cells, {self.embedding!r}{colored}, {self.status})"


def _ipython() -> Any:
    from IPython.core.getipython import get_ipython

    return get_ipython()
