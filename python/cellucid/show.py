"""One line for the bench: open and show."""

from __future__ import annotations

from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from cellucid.widget import CellucidWidget


def show_anndata(data: object, **options: Any) -> CellucidWidget:
    """Show an AnnData and return its widget.

    Args:
        data: what :class:`~cellucid.CellucidWidget` takes.
        **options: the widget's own arguments, such as ``color_by=`` or ``height=``.

    Returns:
        The widget, displayed once, also where the call is the last expression of a cell.

    Raises:
        TypeError, ValueError, traitlets.TraitError: as :class:`~cellucid.CellucidWidget`; nothing is displayed then.
    """
    widget = CellucidWidget(data, **options)
    display(widget)  # type: ignore[no-untyped-call]
    shell = get_ipython()
    if shell is not None:
        widget.shown_in(shell.execution_count)
    return widget
