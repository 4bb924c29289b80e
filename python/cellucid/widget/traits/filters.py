"""The filters: which cells are in sight by their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cellucid.cells import FilterError, normal_filter
from cellucid.dataset import DatasetError
from cellucid.widget.traits.base import LockedTrait, bad, shown

if TYPE_CHECKING:
    from cellucid.widget.widget import CellucidWidget


class FiltersTrait(LockedTrait[dict[str, Any], Any]):
    """A dict of filters by field, all of which a cell must pass; see :func:`cellucid.cells.normal_filter`."""

    allow_none = True

    def make_dynamic_default(self) -> dict[str, Any]:
        """No filters."""
        return {}

    def set(self, obj: Any, value: object) -> None:
        """Set the filters."""
        value = {} if value is None else value
        self.validate(obj, value)  # reads the columns, which may take a while, before anybody waits for the lock
        super().set(obj, value)

    def validate(self, obj: CellucidWidget, value: object) -> dict[str, Any]:
        """Accept filters on fields that the dataset has; a gene's key begins with ``gene:`` afterwards."""
        if not isinstance(value, Mapping):
            raise bad(self, f"expected a dict of filters by field, got {shown(value)}.")
        taken: dict[str, Any] = {}
        for name, entry in value.items():
            if not isinstance(name, str):
                raise bad(self, f"expected the name of an obs column or gene, got {shown(name)}.")
            try:
                ref = obj._dataset.resolve_field(name, obj.layer)
                values = obj._dataset.field_values(ref, obj.layer)
                key = ref.key if ref.kind == "obs" else f"gene:{ref.key}"
                if key in taken:
                    raise bad(self, f"{name!r} names {key!r} once more.")
                taken[key] = normal_filter(entry, values.categories)
            except (DatasetError, FilterError) as error:
                raise bad(self, f"{name!r}: {error}") from None
        return taken
