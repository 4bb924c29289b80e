"""What can go wrong with naming cells."""

from __future__ import annotations


class SelectionError(ValueError):
    """These are not cells of the dataset, or it is not clear which ones are meant."""
