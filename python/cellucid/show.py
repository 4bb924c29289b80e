"""One line for the bench: open and show."""

from __future__ import annotations

from typing import Any

from cellucid.widget import CellucidWidget


def show_anndata(data: object, **options: Any) -> CellucidWidget:
    """Show an AnnData and return its widget.

    Args:
        data: what :class:`~cellucid.CellucidWidget` takes.
        **options: the widget's own arguments, such as ``color_by=`` or ``height=``.

    Returns:
        The widget, displayed once, also where the call is the last expression of a cell. Outside a notebook its
        ``viewer_url`` is printed instead.

    Raises:
        TypeError, ValueError, traitlets.TraitError: as :class:`~cellucid.CellucidWidget`; nothing is displayed then.
    """
    widget = CellucidWidget(data, **options)
    widget.display()
    return widget
