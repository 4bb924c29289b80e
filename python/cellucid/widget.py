"""The widget: its traits, and which room answers for each."""

from __future__ import annotations

import threading
import time
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
from cellucid.channel.rpc import Bytes, RequestError
from cellucid.dataset import Dataset, DatasetError, open_dataset
from cellucid.traits import EmbeddingTrait, FieldTrait, LayerTrait, RangedFloat, RangedInt, SelectionTrait

_Hook = TypeVar("_Hook", bound=Callable[..., object])

_MAX_ERRORS = 50
_VIEWER = resources.files("cellucid") / "static" / "widget.js"

# What a page may set. ipywidgets' set_state would let it set read-only traits as well.
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
        self._lock = threading.RLock()
        self._dataset: Dataset = open_dataset(data)
        self._cells = CellLookup(self._dataset.n_cells, self._dataset.cell_names, self._dataset.query)
        self._shown_in_execution: int | None = None
        given = {"embedding": embedding or self._dataset.embeddings[0], "point_size": point_size, "height": height}
        given |= {"color_by": color_by, "layer": layer} | ({} if layout is None else {"layout": layout})
        super().__init__(**given)
        if self.layout.width is None:
            self.layout.width = "100%"  # a box of ipywidgets would shrink it to nothing
        self._conversation = Conversation(self, self.send, name=self.viewer_id[:8], lock=self._lock)
        self.on_msg(self._on_comm_message)

    # -- reading and driving -----------------------------------------------------------------------------------------

    @property
    def selected(self) -> AnnData:
        """The selected cells, ``adata[selection]``: a view."""
        return self._dataset.subset(self.selection)

    @property
    def selected_names(self) -> pd.Index[str]:
        """The names of the selected cells, in the order of the dataset."""
        return self.names_of(self.selection)

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
        if self._conversation is not None:
            self._conversation.close()
            self.set_trait("ready", False)
            self.set_trait("status", "closed")
        super().close()

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

    # -- what the conversation asks of its host ----------------------------------------------------------------------

    def read_resource(self, path: str) -> Bytes:
        """A resource of the dataset, for the viewer."""
        try:
            return self._dataset.read(path)
        except DatasetError as error:
            raise RequestError("not_found", str(error)) from error

    def take_selection(self, positions: npt.NDArray[np.uint32]) -> None:
        """Take a selection made in the viewer."""
        self.selection = Selection.from_sorted(positions)

    def current_selection(self) -> npt.NDArray[np.uint32]:
        """The selection, for the viewer."""
        return self.selection

    def names_of(self, positions: npt.NDArray[np.uint32]) -> pd.Index[str]:
        """The names of cells; their positions as text where the dataset has no names."""
        names = self._dataset.cell_names
        return pd.Index(positions.astype(str)) if names is None else names[positions]

    def viewers_changed(self, *, known: bool, ready: bool) -> None:
        """Tell ``ready`` and ``status``."""
        self.set_trait("ready", ready)
        self.set_trait("status", "ready" if ready else "loading" if known else "not shown")

    def report(self, source: str, message: str, hint: str = "") -> None:
        """Add to ``errors``, which the viewer shows."""
        entry = {"source": source, "message": message, "hint": hint, "time": time.time()}
        with self._lock:
            self.set_trait("errors", [*self.errors, entry][-_MAX_ERRORS:])

    @property
    def _talk(self) -> Conversation:
        assert self._conversation is not None, "the widget is not constructed yet"
        return self._conversation

    def _on_comm_message(self, _: object, content: object, buffers: list[memoryview]) -> None:
        self._talk.receive(content, buffers)

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
        """Take trait values from a page: only those it may set, and a bad one is reported and taken back."""
        wanted = {name: value for name, value in sync_data.items() if name in _SET_BY_VIEWER or name not in self._own}
        with self._lock:
            try:
                super().set_state(wanted)
            except traitlets.TraitError as error:
                self.report("viewer", str(error))
                self.send_state(list(wanted))

    @property
    def _own(self) -> frozenset[str]:
        return frozenset(CellucidWidget.class_own_traits())

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
