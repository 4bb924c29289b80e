"""Data on the process's one data server, for code that goes on meanwhile."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from cellucid.server import LOOPBACK, data_server, listening_at
from cellucid.widget import CellucidWidget


class AnnDataServer:
    """Serves data to browsers in the background, until :meth:`stop` or the end of the process.

    All of a process share one data server and so one port: the first that starts says which.

    Args:
        data: what :class:`~cellucid.CellucidWidget` takes.
        port: the port to listen on; by default one that is free. Where it is taken, a free one is used.
        host: the name or address to listen on, as of :func:`~cellucid.serve_anndata`.
        allowed_hosts: names that lead here, as of :func:`~cellucid.serve_anndata`.
        **options: the widget's own arguments, such as ``dataset=`` or ``color_by=``.
    """

    def __init__(
        self,
        data: object,
        *,
        port: int | None = None,
        host: str = LOOPBACK,
        allowed_hosts: Sequence[str] = (),
        **options: Any,
    ) -> None:
        self._data = data
        self._port = port
        self._host = host
        self._allowed_hosts = allowed_hosts
        self._options = options
        self._widget: CellucidWidget | None = None
        self._opened = ExitStack()

    def start_background(self) -> None:
        """Begin to serve, and return at once. Idempotent; also after :meth:`stop`.

        Raises:
            TypeError, ValueError, traitlets.TraitError: as :class:`~cellucid.CellucidWidget`; nothing is served then.
            OSError: there is no such host, or no port, to be had.
        """
        if self._widget is None:
            with ExitStack() as opened:
                opened.enter_context(listening_at(self._port, self._host, self._allowed_hosts))
                self._widget = CellucidWidget(self._data, **self._options)
                self._opened = opened.pop_all()

    def stop(self) -> None:
        """Serve these data no more; an AnnData of yours stays open. Idempotent."""
        widget, self._widget = self._widget, None
        if widget is not None:
            with self._opened:
                widget.close()

    @property
    def url(self) -> str:
        """The server's address on this machine, with a slash at its end.

        Raises:
            RuntimeError: it is not started.
        """
        self._started()
        return data_server().url

    @property
    def viewer_url(self) -> str:
        """The address that opens the viewer. It carries the token: who has it sees the data.

        Raises:
            RuntimeError: it is not started.
        """
        return self._started().viewer_url

    def _started(self) -> CellucidWidget:
        if self._widget is None:
            raise RuntimeError("nothing is served; call start_background()")
        return self._widget

    def __enter__(self) -> Self:
        self.start_background()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()


class CellucidServer(AnnDataServer):
    """Serves an export folder, or one of a folder of several, to browsers in the background.

    Args:
        data_dir: the folder.
        **options: those of :class:`AnnDataServer`.
    """

    def __init__(self, data_dir: str | os.PathLike[str], **options: Any) -> None:
        super().__init__(data_dir, **options)
