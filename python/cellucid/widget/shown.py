"""Which resources a page reads to draw what a widget shows."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from cellucid.channel.push import EVERYTHING
from cellucid.dataset import DatasetError
from cellucid.dataset.manifest import INLINE_CATEGORIES
from cellucid.dataset.paths import (
    MANIFEST,
    categories_path,
    codes_path,
    embedding_entry_path,
    gene_path,
    values_path,
)

if TYPE_CHECKING:
    from cellucid.dataset import Dataset
    from cellucid.widget.widget import CellucidWidget


CHANGES = {
    "embedding": "positions",
    "color_by": "columns",
    "layer": "columns",
    "filters": "columns",
    "_version": EVERYTHING,
}
"""What a page needs anew when a trait has changed."""


def shown_paths(widget: CellucidWidget, changed: AbstractSet[str]) -> Iterator[str]:
    """Of what has changed: the manifest, the positions, the colours, then what filters ask for."""
    dataset, everything = widget._dataset, EVERYTHING in changed
    if everything:
        yield MANIFEST
    if everything or "positions" in changed:
        if widget.embedding not in dataset.embeddings:
            yield embedding_entry_path(widget.embedding)
        yield dataset.embedding(widget.embedding).path
    if everything or "columns" in changed:
        for field in (widget.color_by, *widget.filters):
            try:
                if field is not None:
                    yield from _column_paths(dataset, field, widget.layer)
            except DatasetError:  # the page will say so
                continue


def _column_paths(dataset: Dataset, name: str, layer: str | None) -> Iterator[str]:
    ref = dataset.resolve_field(name, layer)
    if ref.kind == "gene":
        yield gene_path(ref.key, None if layer == dataset.default_layer else layer)
        return
    n_categories = next(field.n_categories for field in dataset.fields if field.key == ref.key)
    if n_categories is None:
        yield values_path(ref.key)
        return
    yield codes_path(ref.key, n_categories)
    if n_categories > INLINE_CATEGORIES:
        yield categories_path(ref.key)
