"""The widget: its traits, and which room answers for each."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import traitlets
from anndata import AnnData
from ipywidgets import Layout

from cellucid.cells import CellLookup, Marks
from cellucid.channel.conversation import Conversation
from cellucid.dataset import Dataset, open_dataset
from cellucid.dataset.errors import warn_user
from cellucid.dataset.lock import DataLock
from cellucid.widget.driven import DrivenWidget
from cellucid.widget.host import WidgetHost
from cellucid.widget.picture import with_picture
from cellucid.widget.refresh import refresh
from cellucid.widget.reporting import BUNDLE
from cellucid.widget.serving import Serving
from cellucid.widget.state import capture, restore
from cellucid.widget.switch import Switch
from cellucid.widget.traits import (
    CameraTrait,
    Choice,
    ColorLimitsTrait,
    ColormapTrait,
    DatasetTrait,
    DimensionTrait,
    EmbeddingTrait,
    FieldTrait,
    FiltersTrait,
    HoveredTrait,
    LayerTrait,
    RangedFloat,
    RangedInt,
    SelectionTrait,
)
from cellucid.widget.traits.camera import fitted
from cellucid.widget.viewer import Viewer

_ROADS = ("direct", "proxy", "colab", "override", "comm")


class CellucidWidget(DrivenWidget):
    """Shows the cells of a dataset, and brings what a person selects to Python.

    Args:
        data: an :class:`anndata.AnnData`, in memory or backed; the path of an ``.h5ad`` or ``.zarr``, read as it is
            asked and never loaded whole, or of an export folder; or a dataset from :func:`cellucid.open_dataset`. It is
            never modified, nor copied as a whole.
        dataset: the id of the dataset to show, where a folder has several; by default the first. The viewer has a menu
            of all, and setting the trait shows another one: with the settings that fit there, without selection,
            hidden cells and highlights, and with a camera on all cells.
        embedding: the ``obsm`` key to show; by default the first of UMAP, t-SNE, graph layouts, spatial, others, PCA.
            ``"X_pca:1,3"`` shows its first and third column.
        components: which columns of the embedding to show, counted from 1 as in scanpy: ``"1,3"`` or ``[1, 3]``; by
            default all, or the first three of more.
        color_by: an obs column or a gene; an obs column wins a name clash, ``"obs:x"`` and ``"gene:x"`` are explicit.
        layer: the matrix that genes come from: ``"X"``, ``"raw"`` or a layer's name. None is scanpy's rule: ``raw`` if
            there is one, else ``X``.
        gene_symbols: the column of ``var`` whose names genes are shown by. Genes are found by ``var_names`` and by any
            column that names them, with it or without.
        filters: which cells are in sight: ``{"leiden": {"hide": ["3"]}, "pct_mito": {"max": 15}}``.
        colormap: for numbers, by matplotlib's name, such as ``"viridis"`` or ``"RdBu_r"``.
        color_limits: the ends of the colour bar, in the field's unit or as percentiles such as ``"p99"``.
        point_size: multiplies the automatic size of the points, 0.05 to 20.
        opacity: of the points, 0 to 1; by default what suits their number.
        height: pixels, 160 to 4,000.
        theme: ``"auto"`` follows the notebook; ``"light"``, ``"dark"``.
        state: what :meth:`to_state` gave, or the path of a JSON file with it; applied last.
        layout: ipywidgets' own layout.

    Raises:
        TypeError: for data that cannot be opened.
        ValueError: for data without cells or without an embedding to show; it says what is there instead.
        traitlets.TraitError: for an unknown embedding, field or layer; it names the closest ones.
    """

    _esm = BUNDLE.read_text(encoding="utf-8") if BUNDLE.is_file() else ""

    viewer_id = traitlets.Unicode(read_only=True, help="Names this widget to its pages.").tag(sync=True)
    datasets = traitlets.List(
        traitlets.Dict(), read_only=True, help="The datasets to choose from: id, name, n_cells (None if unknown)."
    ).tag(sync=True)
    dataset = DatasetTrait(help="The id of the dataset shown; another one of its folder is opened and shown.").tag(
        sync=True
    )
    embedding = EmbeddingTrait(help="The obsm key shown.").tag(sync=True)
    embeddings = traitlets.List(traitlets.Unicode(), read_only=True, help="The obsm keys to choose from.").tag(
        sync=True
    )
    dimension = DimensionTrait(help="How many columns of the embedding are drawn: 1, 2 or 3.").tag(sync=True)
    camera = CameraTrait(help="Where the plot is looked at from, in data coordinates; None fits all cells.").tag(
        sync=True
    )
    color_by = FieldTrait(help="The obs column or gene that colours the cells, or None.").tag(sync=True)
    layer = LayerTrait(help="The matrix genes come from; None is scanpy's rule.").tag(sync=True)
    colormap = ColormapTrait(help="The colormap for numbers, by matplotlib's name.").tag(sync=True)
    color_limits = ColorLimitsTrait(help="The ends of the colour bar: numbers or percentiles; None: the data's.").tag(
        sync=True
    )
    point_size = RangedFloat(1.0, 0.05, 20.0, help="Multiplies the automatic size of the points.").tag(sync=True)
    opacity = RangedFloat(None, 0.0, 1.0, help="Of the points; None is what suits their number.").tag(sync=True)
    filters = FiltersTrait(help="Which cells are in sight, by field.").tag(sync=True)
    selection = SelectionTrait(help="Row positions of the selected cells, sorted, unique, read-only.")
    hovered = HoveredTrait(help="Row position of the cell under the pointer, or None.").tag(
        sync=True, echo_update=False
    )
    tool = Choice(("navigate", "lasso", "box"), "tool", help="What dragging does.").tag(sync=True)
    height = RangedInt(520, 160, 4000, help="Of the widget, in pixels.").tag(sync=True)
    theme = Choice(("auto", "light", "dark"), "theme", help="Colours of the interface.").tag(sync=True)
    n_cells = traitlets.Int(read_only=True, help="Cells of the dataset.").tag(sync=True)
    n_visible = traitlets.Int(read_only=True, help="Cells that pass every filter and are not hidden.").tag(sync=True)
    ready = traitlets.Bool(False, read_only=True, help="Whether a viewer has drawn its first picture.").tag(sync=True)
    status = traitlets.Enum(("not shown", "loading", "ready", "stopped", "closed"), "not shown", read_only=True).tag(
        sync=True
    )
    transport = traitlets.Enum(
        _ROADS, None, allow_none=True, read_only=True, help="How data reach the newest page; None before there is one."
    ).tag(sync=True)
    errors = traitlets.List(traitlets.Dict(), read_only=True, help="What went wrong, oldest first.").tag(sync=True)

    # Between the widget and its pages.
    _boot = traitlets.Dict().tag(sync=True)  # where the data server is; a page that has read it empties it
    _version = traitlets.Int(0, read_only=True).tag(sync=True)  # of the data; a page starts afresh for another one

    def __init__(
        self,
        data: object,
        *,
        dataset: str | None = None,
        embedding: str | None = None,
        components: str | Sequence[int] | None = None,
        color_by: str | None = None,
        layer: str | None = None,
        gene_symbols: str | None = None,
        filters: Mapping[str, Mapping[str, Any]] | None = None,
        colormap: str = "viridis",
        color_limits: tuple[float | str | None, float | str | None] | None = None,
        point_size: float = 1.0,
        opacity: float | None = None,
        height: int = 520,
        theme: str = "auto",
        state: Mapping[str, Any] | str | os.PathLike[str] | None = None,
        layout: Layout | dict[str, str] | None = None,
    ) -> None:
        if not self._esm:
            raise RuntimeError(f"The viewer is not built: {BUNDLE} is missing. Run `make build` in the checkout.")
        # Only a path can lead to several datasets; of anything else the trait says whether it has this id.
        one_of_several = dataset if isinstance(data, str | os.PathLike) else None
        opened = open_dataset(data, dataset=one_of_several, gene_symbols=gene_symbols)
        self._dataset: Dataset = opened
        # The widget closes what it has opened from a path; the user's objects stay open.
        self._opened_here = isinstance(data, str | os.PathLike)
        try:
            embedding = _with_components(opened.embeddings[0] if embedding is None else embedding, components)
            if layout is None or isinstance(layout, dict):
                layout = Layout(**({"width": "100%"} | (layout or {})))  # a box of ipywidgets would shrink it
            self._cells = CellLookup(opened.n_cells, lambda: opened.cell_names, opened.query)
            self._marks = Marks(self._dataset.n_cells)
            self._switch = Switch(self)
            self._host = WidgetHost(self)
            self._server = Serving()
            self._warned_of: str | None = None
            self._conversation = Conversation(
                self._host, self.send, name=self.viewer_id[:8], lock=self._lock, pace=self._pace
            )
            super().__init__(
                dataset=opened.listed_as if dataset is None or dataset == one_of_several else dataset,
                layer=layer,  # before color_by and filters, which are looked up in its genes
                embedding=embedding,
                color_by=color_by,
                filters=filters,
                colormap=colormap,
                color_limits=color_limits,
                point_size=point_size,
                opacity=opacity,
                height=height,
                theme=theme,
                layout=layout,
            )
            self._server.show(self.viewer_id, Viewer(self, self._talk))
            if state is not None:
                self.load(state)
        except BaseException:
            self.close()  # nobody will ever hold it: neither may the data server
            raise

    # -- reading -----------------------------------------------------------------------------------------------------

    @property
    def selected(self) -> AnnData:
        """The selected cells, ``adata[selection]``: a view. Of an export a new AnnData: obs and embeddings."""
        return self._dataset.subset(self.selection)

    @property
    def selected_names(self) -> pd.Index[str]:
        """The names of the selected cells, in the order of the dataset."""
        return self._host.names_of(self._host.current_selection())()

    @property
    def selection_mask(self) -> npt.NDArray[np.bool_]:
        """The selection as a boolean array ``(n_cells,)``."""
        return self.selection.mask(self.n_cells)

    @property
    def lock(self) -> DataLock:
        """The data lock: ``with widget.lock: ...``.

        The server, the comm, hooks' helpers and :meth:`refresh` take it while they read the data. Holding it, a hook or
        another thread can slice a file, or change several columns at a time, without one of them in between; they wait
        meanwhile, so hold it briefly. All widgets on the same AnnData share it. Where setting a trait has to wait for
        another thread, the lock is let go of for that time.
        """
        return self._dataset.lock

    @property
    def server_url(self) -> str:
        """The address of the data server, as a browser that shows this widget reaches it."""
        return self._server.address(self._host.road)

    @property
    def viewer_url(self) -> str:
        """The address that opens this viewer in a browser tab. It carries the token: who has it sees the data.

        Warns once where only browsers on the kernel's machine reach it, and says what to do.
        """
        if (obstacle := self._server.obstacle(self._host.road)) not in (None, self._warned_of):
            self._warned_of = obstacle
            warn_user(f"viewer_url: {obstacle}.")
        return self._server.page(self._host.road, self.viewer_id)

    # -- all of it -----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look again at an AnnData that has changed: new columns, other clusters, filtered or reordered cells.

        Selection and marks follow their cells by name. What the view showed and the data no longer have is dropped,
        with a warning.

        Raises:
            ValueError: the data can no longer be shown; the widget goes on with what it had.
        """
        self._require_open()
        refresh(self)

    def to_state(self) -> dict[str, Any]:
        """Everything that was set and selected, as a dict for JSON; :meth:`load` brings it back."""
        return capture(self)

    def load(self, state: Mapping[str, Any] | str | os.PathLike[str]) -> None:
        """Bring back a state. What does not fit these data is left as it is, with one warning that says what.

        Args:
            state: what :meth:`to_state` gave, or the path of a JSON file with it.

        Raises:
            TypeError, ValueError: it is not a state; nothing has changed then.
        """
        self._require_open()
        restore(self, state)

    # -- life --------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop serving data and calling hooks; the picture stays on the page. Idempotent; your data stay open."""
        if self._conversation is None or self.status in ("stopped", "closed"):
            return
        self._conversation.close()
        self._explanation.end()
        self._server.end()
        self._tabs.close()
        self._dataset.clear_cache()
        self._host.set("ready", False)
        self._host.set("status", "stopped")

    def close(self) -> None:
        """Take the widget off the page and stop its threads. Idempotent.

        A file that the widget has opened by its path is closed; your own AnnData and its file stay open.
        """
        self.stop()
        if self._conversation is not None:
            self._host.set("status", "closed")
            self._explanation.close()
        super().close()
        if self._opened_here:
            self._dataset.close()

    def __del__(self) -> None:
        # ipywidgets would close here. But the garbage collector runs this on any thread and in the middle of anything,
        # also while that thread holds a lock that another one waits for with ours. Nothing is open by then: ipywidgets
        # holds every widget until it is closed, and one whose construction failed has been closed.
        pass

    def _require_open(self) -> None:
        if self.status in ("stopped", "closed"):
            raise RuntimeError(f"this widget is {self.status}; make a new one: CellucidWidget(...)")

    # -- inside ------------------------------------------------------------------------------------------------------

    def notify_change(self, change: Any) -> None:
        """Tell observers and pages of a trait's change; as in ipywidgets, and the selection by messages."""
        if change["name"] == "selection" and self._conversation is not None:
            self._conversation.selection_changed()
            if self._is_observed("selection"):
                change = SelectionTrait.readable(change)
        super().notify_change(change)

    def _use(self, dataset: Dataset, cells: CellLookup) -> None:
        """Show another dataset; the traits that name something of it are the caller's to set."""
        self._dataset, self._cells = dataset, cells
        for name, value in (
            ("n_cells", dataset.n_cells),
            ("embeddings", list(dataset.embeddings)),
            ("datasets", _listing(dataset)),
            ("_boot", self._server.boot(dataset)),
        ):
            self.set_trait(name, value)
        if self.dataset != dataset.listed_as:  # the same once more would keep another choice from being shown
            self.dataset = dataset.listed_as

    def _count_visible(self) -> None:
        self.set_trait("n_visible", self._host.count_visible())

    @traitlets.observe("filters", "layer")
    def _filters_changed(self, _: object) -> None:
        self._count_visible()

    # -- ipywidgets --------------------------------------------------------------------------------------------------

    @traitlets.default("viewer_id")
    def _viewer_id(self) -> str:
        return uuid.uuid4().hex

    @traitlets.default("_boot")
    def _where_the_server_is(self) -> dict[str, Any]:
        # Not an argument of the constructor: a traceback may print those, and it holds the token.
        return dict(self._server.boot(self._dataset))

    @traitlets.default("embeddings")
    def _embeddings(self) -> list[str]:
        return list(self._dataset.embeddings)

    @traitlets.default("datasets")
    def _datasets(self) -> list[dict[str, Any]]:
        return _listing(self._dataset)

    @traitlets.default("camera")
    def _camera(self) -> dict[str, Any]:
        return fitted(self._dataset.embedding(self.embedding), self.dimension)

    @traitlets.default("n_visible")
    def _n_visible(self) -> int:
        return self._host.count_visible()

    @traitlets.default("n_cells")
    def _n_cells(self) -> int:
        return self._dataset.n_cells

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = with_picture(super()._repr_mimebundle_(**kwargs), self)
        self._displayed()
        return bundle

    def __repr__(self) -> str:
        colored = "" if self.color_by is None else f", color_by={self.color_by!r}"
        return f"CellucidWidget({self.n_cells:,} cells, {self.embedding!r}{colored}, {self.status})"


def _with_components(embedding: str, components: str | Sequence[int] | None) -> str:
    """The key of some columns of an embedding."""
    if components is None:
        return embedding
    if not isinstance(components, str):
        if not isinstance(components, Iterable):
            raise TypeError(f"components: numbers of columns such as '1,3' or (1, 3) expected, got {components!r}")
        components = ",".join(map(str, components))
    return f"{embedding}:{components}"


def _listing(dataset: Dataset) -> list[dict[str, Any]]:
    return [asdict(one) for one in dataset.datasets]
