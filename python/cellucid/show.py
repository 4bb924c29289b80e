"""One line for the bench: open and show, in a notebook or in a browser."""

from __future__ import annotations

import errno
import getpass
import os
import socket
import sys
import tempfile
import threading
import webbrowser
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cellucid.server import data_server
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


def serve(data_dir: str | os.PathLike[str], **options: Any) -> None:
    """Serve an export folder, a file, or one of a folder of several, to a browser; see :func:`serve_anndata`."""
    serve_anndata(data_dir, **options)


def serve_anndata(
    data: object, *, port: int | None = None, open_browser: bool = True, quiet: bool = False, **options: Any
) -> None:
    """Show data in a browser tab, until Ctrl+C.

    Args:
        data: what :class:`~cellucid.CellucidWidget` takes.
        port: the port to listen on, on this machine alone; by default one that is free. Where it is taken, a free one
            is used, and said.
        open_browser: open the viewer in a browser, where this machine has a screen.
        quiet: print the viewer's address alone.
        **options: the widget's own arguments, such as ``dataset=`` or ``color_by=``.

    Raises:
        TypeError, ValueError, traitlets.TraitError: as :class:`~cellucid.CellucidWidget`; nothing is served then.
        OSError: there is no port to be had.
    """
    if port is not None and not 0 <= port <= 65535:
        raise ValueError(f"port: {port} is no port; expected 1 to 65535, or None for one that is free")
    try:
        data_server().start(port or 0)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        data_server().start()
    other = port is not None and port not in (0, data_server().port)
    with_screen = open_browser and _has_screen()
    widget = CellucidWidget(data, **options)
    redirect: Path | None = None
    try:
        if quiet:
            print(widget.viewer_url, flush=True)
        else:
            if other:
                print(f"Port {port} is taken; {data_server().port} is used.", file=sys.stderr)
            print(_banner(widget), flush=True)
        if with_screen:
            redirect = _redirect_file(widget.viewer_url)
            webbrowser.open(redirect.as_uri())
        _until_interrupted()
    finally:
        widget.close()
        if redirect is not None:
            redirect.unlink(missing_ok=True)


def _until_interrupted() -> None:
    done = threading.Event()
    while not done.wait(0.5):  # without a time-out Ctrl+C would not be heard on Windows
        pass


def _banner(widget: CellucidWidget) -> str:
    port = data_server().port
    genes = f", {widget._dataset.n_genes:,} genes" if widget._dataset.n_genes else ""
    return (
        f"cellucid {version('cellucid')}: {widget._dataset.name}, {widget.n_cells:,} cells{genes}\n\n"
        f"  Open     {widget.viewer_url}\n"
        f"  Remote?  First, on your own machine:  ssh -N -L {port}:127.0.0.1:{port} {_login()}\n"
        "  Stop     Ctrl+C\n\n"
        "The address carries a secret: whoever has it sees the data."
    )


def _login() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):  # a user without a name
        return socket.gethostname()


def _has_screen() -> bool:
    """Whether a browser would open where the person sees it; one for the terminal would take the terminal."""
    if "SSH_CONNECTION" in os.environ:
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _redirect_file(address: str) -> Path:
    """A file for this user alone that leads to an address: as an argument of the browser everybody could read it."""
    descriptor, name = tempfile.mkstemp(prefix="cellucid-", suffix=".html")
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write("<!doctype html><title>cellucid</title>")
        file.write(f'<meta http-equiv="refresh" content="0;url={escape(address)}">')
    return Path(name)
