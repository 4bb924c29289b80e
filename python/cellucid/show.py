"""One line for the bench: open and show, in a notebook or in a browser."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from cellucid.browser import has_screen, opened_at
from cellucid.connect import OVERRIDE, network_address, tunnel, viewer_address
from cellucid.server import LOOPBACK, data_server, listening_at, log_on_stderr
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
    data: object,
    *,
    port: int | None = None,
    host: str = LOOPBACK,
    allowed_hosts: Sequence[str] = (),
    open_browser: bool = True,
    quiet: bool = False,
    verbose: bool = False,
    **options: Any,
) -> None:
    """Show data in a browser tab, until Ctrl+C.

    Args:
        data: what :class:`~cellucid.CellucidWidget` takes.
        port: the port to listen on; by default one that is free. Where it is taken, a free one is used, and said.
        host: the name or address of this machine to listen on. By default this machine alone reaches it; with
            ``"0.0.0.0"`` or ``"::"`` everybody on the network does, and whoever has the whole address sees the data,
            which travel unencrypted.
        allowed_hosts: names under which a proxy or a name server of yours leads here, so that a request without the
            token is told that the token is missing rather than that the name is foreign. With the token any name is
            served.
        open_browser: open the viewer in a browser, where this machine has a screen.
        quiet: print the viewer's address alone; with `host` the one for others.
        verbose: show the log on stderr: what is read, who was refused. It has neither the token nor whole paths.
        **options: the widget's own arguments, such as ``dataset=`` or ``color_by=``.

    Raises:
        TypeError, ValueError, traitlets.TraitError: as :class:`~cellucid.CellucidWidget`; nothing is served then.
        OSError: there is no such host, or no port, to be had.
    """
    logging = log_on_stderr(data_server().token) if verbose else nullcontext()
    with _tidied_up_before_the_end(), logging, listening_at(port, host, allowed_hosts) as server:
        if port not in (None, 0, server.port):
            print(f"Port {port} is taken; {server.port} is used. Choose another with port= or --port.", file=sys.stderr)
        with_screen = open_browser and has_screen()
        widget = CellucidWidget(data, **options)
        try:
            print(_addresses(widget)[-1] if quiet else _banner(widget), flush=True)
            with opened_at(_addresses(widget)[0]) if with_screen else nullcontext():
                _until_interrupted()
        finally:
            widget.close()


class _Ended(BaseException):
    """A signal came that ends the process."""


@contextmanager
def _tidied_up_before_the_end() -> Iterator[None]:
    """Let what is open be closed where a signal ends the process, and then let it end so."""
    known = [signal.SIGTERM] if sys.platform == "win32" else [signal.SIGTERM, signal.SIGHUP]
    # A signal that is ignored, as by nohup, stays so; handlers are the main thread's affair.
    here = threading.current_thread() is threading.main_thread()
    ending = [one for one in known if here and signal.getsignal(one) is signal.SIG_DFL]
    came: list[int] = []

    def end(number: int, _: object) -> None:
        if not came:
            came.append(number)
            raise _Ended

    for one in ending:
        signal.signal(one, end)
    try:
        yield
    except _Ended:
        pass
    finally:
        for one in ending:
            signal.signal(one, signal.SIG_DFL)
        for number in came:
            signal.raise_signal(number)


def _until_interrupted() -> None:
    done = threading.Event()
    while not done.wait(0.5):  # without a time-out Ctrl+C would not be heard on Windows
        pass


def _addresses(widget: CellucidWidget) -> list[str]:
    """Of the viewer: the one for this machine, and, where they reach it, the one for others."""
    # Not the property, which would warn: the banner says what to do elsewhere.
    server, addresses = data_server(), [widget._server.page(widget._host.road, widget.viewer_id)]
    if server.everywhere and not os.environ.get(OVERRIDE):
        base = server.url_at(network_address())
        addresses.append(viewer_address(base, widget.viewer_id, server.token))
    return addresses


def _banner(widget: CellucidWidget) -> str:
    server = data_server()
    dataset = widget._dataset
    genes = f", {dataset.n_genes:,} genes" if dataset.n_genes else ""
    several = f"; one of {len(widget.datasets)} datasets, choose in the viewer" if len(widget.datasets) > 1 else ""
    own, *others = _addresses(widget)
    lines = [
        f"cellucid {version('cellucid')}: {dataset.name}, {widget.n_cells:,} cells{genes}{several}\n",
        f"  Open     {own}",
        *(f"  Others   {address}" for address in others),
        f"  Remote?  First, on your own machine:  {tunnel(urlsplit(server.url).netloc)}",
        f"  Server   {server.url}",
        "  Stop     Ctrl+C\n",
        "The address carries a secret: whoever has it sees the data.",
    ]
    if server.open_to_others:
        lines[-1] = (
            "The address carries a secret: everybody on the network who has it sees the data, "
            "and they travel unencrypted (plain http)."
        )
    return "\n".join(lines)
