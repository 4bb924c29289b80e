"""Where what a hook prints and displays lands: under the cell that registered the hook."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache
from typing import Any

Request = Mapping[str, Any]  # an `execute_request`, as Jupyter's protocol has it
Place = Callable[[], AbstractContextManager[None]]


def here() -> Place:
    """What puts a thread's output under the cell that runs now, or its latest run; outside a kernel, nothing."""
    shell = _kernels_shell()
    if shell is None:
        return nullcontext
    return _runs(shell).place()


class _Runs:
    """The latest run of each cell that was asked for: running a cell anew empties the place of the one before."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._latest: dict[str, Request] = {}
        shell.events.register("pre_run_cell", self._begin)

    def place(self) -> Place:
        run: Request = self._shell.get_parent()
        cell = _cell(run)
        if cell is None:
            return lambda: _under(self._shell, run)
        self._latest[cell] = run
        return lambda: _under(self._shell, self._latest[cell])

    def _begin(self, _: object) -> None:
        run = self._shell.get_parent()
        if (cell := _cell(run)) in self._latest:
            self._latest[cell] = run


_runs = cache(_Runs)


def _kernels_shell() -> Any:
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    return shell if hasattr(shell, "kernel") and hasattr(shell, "get_parent") else None


def _cell(run: Request) -> str | None:
    """The id that JupyterLab and VS Code give the cell."""
    return (run.get("metadata") or {}).get("cellId")


@contextmanager
def _under(shell: Any, run: Request) -> Iterator[None]:
    """Put what this thread prints and displays under a run of a cell; other threads keep their places."""
    with ExitStack() as stack:
        if hasattr(shell, "set_thread_parent"):  # from ipykernel 7.4
            stack.callback(shell.reset_thread_parent, shell.set_thread_parent(run))
        else:
            _place_by_variables(shell, run, stack)
        yield


def _place_by_variables(shell: Any, run: Request, stack: ExitStack) -> None:
    # The public setters of these ipykernels move every thread's output; each of their variables is a context's own.
    header, publisher = run.get("header", {}), shell.display_pub
    places: list[tuple[Any, Request]] = [(shell, run)]
    places += [(holder, header) for holder in (shell.displayhook, publisher, sys.stdout, sys.stderr)]
    for holder, parent in places:
        variable = getattr(holder, "_parent_header", None)
        if isinstance(variable, ContextVar):
            stack.callback(variable.reset, variable.set(parent))
        elif holder is publisher and hasattr(publisher, "register_hook"):
            # ipykernel 6 displays under one parent for all threads; but each thread may change its own messages.
            publisher.register_hook(_like_stdout)
            stack.callback(publisher.unregister_hook, _like_stdout)


def _like_stdout(message: dict[str, Any]) -> dict[str, Any]:
    """Put a message where this thread prints: also into an Output widget, which catches what has its cell's id."""
    if hasattr(sys.stdout, "parent_header"):
        message["parent_header"] = sys.stdout.parent_header
    return message
