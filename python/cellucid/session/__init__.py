"""What a person made of a dataset, to be kept and brought back."""

from __future__ import annotations

from cellucid.session.state import FORMAT, VIEW_TRAITS, pack_cells, read_state, unpack_cells

__all__ = ["FORMAT", "VIEW_TRAITS", "pack_cells", "read_state", "unpack_cells"]
