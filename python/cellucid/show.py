"""One line for the bench: open and show."""

from __future__ import annotations

import os
from typing import Any

from cellucid.widget import CellucidWidget


def show(data_dir: str | os.PathLike[str], **options: Any) -> CellucidWidget:
    """Show an export folder, or one of a folder of several, and return its widget.

    Args:
        data_dir: the folder.
        **options: the widget's own arguments, such as ``dataset=`` or ``height=``.

    Returns:
        The widget, displayed as by :func:`show_anndata`.

    Raises:
        TypeError, ValueError, traitlets.TraitError: as :class:`~cellucid.CellucidWidget`; nothing is displayed then.
    """
    return show_anndata(data_dir, **options)


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
