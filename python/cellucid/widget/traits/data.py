"""Traits that name something of the dataset: embeddings, fields, layers, cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cellucid.cells import SelectionError
from cellucid.dataset import DatasetError
from cellucid.widget.traits.base import LockedTrait, bad, shown, unknown

if TYPE_CHECKING:
    import traitlets

    from cellucid.widget.widget import CellucidWidget


class DatasetTrait(LockedTrait[str, str]):
    """The id of one of the datasets that the widget can show."""

    default_value = ""

    def set(self, obj: traitlets.HasTraits, value: str) -> None:
        """Show another dataset; its files are opened before anybody waits for the lock."""
        widget: CellucidWidget = obj  # type: ignore[assignment]
        wanted = self.validate(widget, value)
        if wanted == widget._dataset.listed_as:
            widget._switch.give_up()
            super().set(obj, wanted)
            return
        try:
            widget._switch.show(wanted)  # which sets this trait in turn
        except DatasetError as error:
            raise bad(self, str(error)) from error

    def validate(self, obj: CellucidWidget, value: object) -> str:
        """Accept one of the ids in ``datasets``."""
        ids = [one.id for one in obj._dataset.datasets]
        if not isinstance(value, str) or value not in ids:
            raise bad(self, unknown("dataset", value, ids))
        return value


class EmbeddingTrait(LockedTrait[str, str]):
    """The key of an embedding that the dataset has."""

    default_value = ""

    def set(self, obj: traitlets.HasTraits, value: str) -> None:
        """Show another embedding whole: its dimensions and the fitted camera come with it, in one notification each."""
        widget: CellucidWidget = obj  # type: ignore[assignment]
        with widget.hold_sync(), widget.hold_trait_notifications():
            before = widget._trait_values.get(self.name)
            super().set(obj, value)
            if widget._trait_values.get(self.name) != before:
                widget.dimension = widget._dataset.embedding(value).dimensions
                widget.camera = None

    def validate(self, obj: CellucidWidget, value: object) -> str:
        """Accept one of the dataset's embeddings, or components of one, as in ``"X_pca:1,3"``."""
        if not isinstance(value, str):
            raise bad(self, unknown("embedding", value, obj._dataset.embeddings))
        try:
            return obj._dataset.embedding(value).key  # components in one spelling
        except DatasetError as error:
            raise bad(self, str(error)) from None


class DimensionTrait(LockedTrait[int, int]):
    """How many columns of the embedding are drawn: 1, 2 or 3."""

    default_value = 2

    def set(self, obj: traitlets.HasTraits, value: int) -> None:
        """Draw another number of columns, and all of them: the fitted camera comes with it."""
        widget: CellucidWidget = obj  # type: ignore[assignment]
        with widget.hold_sync(), widget.hold_trait_notifications():
            before = widget._trait_values.get(self.name)
            super().set(obj, value)
            if widget._trait_values.get(self.name) != before:
                widget.camera = None

    def validate(self, obj: CellucidWidget, value: object) -> int:
        """Accept what the embedding has columns for."""
        if isinstance(value, bool) or value not in (1, 2, 3):
            raise bad(self, f"expected 1, 2 or 3, got {shown(value)}.")
        columns = obj._dataset.embedding(obj.embedding).dimensions
        if int(value) > columns:
            with_more = [key for key in obj.embeddings if obj._dataset.embedding(key).dimensions >= value]
            instead = (
                f"Set embedding to {' or '.join(map(repr, with_more))} first." if with_more else "No other has more."
            )
            raise bad(self, f"{obj.embedding!r} has {columns} columns, so it cannot be shown in {value}D. {instead}")
        return int(value)


class FieldTrait(LockedTrait[str | None, str | None]):
    """An obs column or a gene, or None."""

    allow_none = True
    default_value = None

    def validate(self, obj: CellucidWidget, value: object) -> str:
        """Accept what the dataset resolves to a field."""
        if not isinstance(value, str):
            raise bad(self, f"expected the name of an obs column or gene, or None, got {shown(value)}.")
        try:
            obj._dataset.resolve_field(value, obj.layer)
        except DatasetError as error:
            raise bad(self, str(error)) from None
        return value


class LayerTrait(LockedTrait[str | None, str | None]):
    """The matrix that genes come from; None = scanpy's rule."""

    allow_none = True
    default_value = None

    def validate(self, obj: CellucidWidget, value: object) -> str:
        """Accept ``"X"``, ``"raw"`` or the name of a layer, where the dataset has it."""
        known = obj._dataset.layers
        if not isinstance(value, str) or value not in known:
            raise bad(self, unknown("layer", value, known))
        for trait, field in (("color_by", obj.color_by), *(("filters", field) for field in obj.filters)):
            if field is None:
                continue
            try:
                obj._dataset.resolve_field(field, value)
            except DatasetError as error:
                raise bad(self, f"{error} Set {trait} to something that {value!r} has first.") from None
        return value


class HoveredTrait(LockedTrait[int | None, int | None]):
    """The row position of the cell under the pointer, or None."""

    allow_none = True
    default_value = None

    def validate(self, obj: CellucidWidget, value: object) -> int:
        """Accept the position of a cell."""
        try:
            [cell] = obj._cells.resolve([value])
        except SelectionError as error:
            raise bad(self, f"expected one row position or None: {error}.") from None
        return int(cell)
