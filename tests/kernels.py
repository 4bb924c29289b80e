"""Real kernels with ipykernel of several versions, and a client that runs cells in them.

Run as a script it prints the versions that `make kernels` has to install.
"""

import contextlib
import json
import os
import queue
import sys
import time
from collections.abc import Callable
from importlib.metadata import version as installed_version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

VERSIONS = ("6.31.0", "7.3.0", "7.4.0")
PATIENCE = 30  # s


def folder_of(version: str) -> Path | None:
    """Where an ipykernel lies beside the environment's own; None for that one."""
    if version == installed_version("ipykernel"):
        return None
    return Path(sys.prefix) / "kernels" / f"ipykernel-{version}"


def is_installed(version: str) -> bool:
    folder = folder_of(version)
    return folder is None or (folder / "ipykernel").is_dir()


EACH = [pytest.param(version, marks=[] if folder_of(version) is None else [pytest.mark.slow]) for version in VERSIONS]
"""The versions for a parametrized test or fixture: the environment's own in `make test`, the others in `test-all`."""


class Run:
    """One run of a cell, and what has come of it so far."""

    def __init__(self, kernel: "Kernel", request: str) -> None:
        self._kernel = kernel
        self.request = request

    def messages(self, *kinds: str) -> list[dict[str, Any]]:
        """The contents of what the kernel published for this run."""
        return [
            message["content"]
            for message in self._kernel.heard
            if message["parent_header"].get("msg_id") == self.request and message["msg_type"] in kinds
        ]

    @property
    def stdout(self) -> str:
        return self._stream("stdout")

    @property
    def stderr(self) -> str:
        return self._stream("stderr")

    def _stream(self, name: str) -> str:
        return "".join(content["text"] for content in self.messages("stream") if content["name"] == name)

    @property
    def displays(self) -> list[str]:
        return [content["data"]["text/plain"] for content in self.messages("display_data")]

    @property
    def error(self) -> tuple[str, str] | None:
        """Name and text of what the cell raised."""
        for content in self.messages("error"):
            return content["ename"], content["evalue"]
        return None

    @property
    def ended(self) -> bool:
        # Up to 7.3 ipykernel loses a message that comes while it sends a reply (ipykernel#1529): wait for that, too.
        idle = any(content["execution_state"] == "idle" for content in self.messages("status"))
        return idle and self.request in self._kernel.answered

    def end(self) -> Self:
        """Wait until the cell has ended."""
        self._kernel.until(lambda: self.ended)
        return self


class Kernel:
    """A kernel of this Python with one ipykernel, alive inside `with`.

    Args:
        version: Of ipykernel.
        home: An empty folder for its files.
    """

    def __init__(self, version: str, home: Path) -> None:
        self.version = version
        self.heard: list[dict[str, Any]] = []  # all that came on iopub
        self.answered: set[str | None] = set()  # requests on the shell channel
        spec = home / "specs" / "versioned"
        spec.mkdir(parents=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": version, "language": "python"}))
        # pytest's variable would make ipykernel leave the standard streams alone.
        self._env = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        self._env["IPYTHONDIR"] = str(home / "ipython")
        if (folder := folder_of(version)) is not None:
            self._env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
        self.manager = KernelManager(
            kernel_name=spec.name,
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(spec.parent)]),
            connection_file=str(home / "connection.json"),
        )

    def __enter__(self) -> Self:
        self.manager.start_kernel(env=self._env, cwd=str(Path.cwd()))
        self._client = self.manager.blocking_client()
        try:
            self.connect()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def connect(self) -> None:
        self._client.start_channels()
        self._client.wait_for_ready(timeout=PATIENCE)
        found = self.run("import ipykernel; print(ipykernel.__version__)").stdout.strip()
        assert found == self.version

    def stop(self) -> None:
        """Shut the kernel down; idempotent."""
        self._client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel()

    def begin(self, code: str, cell: str | None = None) -> Run:
        """Start a cell; `cell` is the id that a notebook gives it."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": False}
        metadata = {} if cell is None else {"cellId": cell}
        message = self._client.session.msg("execute_request", content, metadata=metadata)
        self._client.shell_channel.send(message)
        return Run(self, message["header"]["msg_id"])

    def run(self, code: str, cell: str | None = None) -> Run:
        """Run a cell to its end, which must be a good one."""
        run = self.begin(code, cell).end()
        assert run.error is None, run.error
        return run

    def until(self, holds: Callable[[], object]) -> None:
        """Listen to the kernel until something holds; one that keeps silent is stopped, so that no other test waits."""
        if not self.soon(holds, PATIENCE):
            self.stop()
            last = [f"{message['msg_type']} {str(message['content'])[:200]}" for message in self.heard[-10:]]
            raise AssertionError(f"not within {PATIENCE} s; heard last: {last}")

    def soon(self, holds: Callable[[], object], seconds: float) -> bool:
        """Listen to the kernel until something holds, or for so long; returns whether it holds."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                return False
            self._listen()
        return True

    def _listen(self) -> None:
        while self._client.shell_channel.msg_ready():
            self.answered.add(self._client.get_shell_msg(timeout=0)["parent_header"].get("msg_id"))
        with contextlib.suppress(queue.Empty):
            self.heard.append(self._client.get_iopub_msg(timeout=0.02))

    def send_comm(self, comm: str, data: Any, subshell: str | None = None) -> None:
        message = self._client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self._client.shell_channel.send(message)

    def make_subshell(self) -> str:
        """A thread that serves messages beside the main one, as JupyterLab makes one for comms."""
        message = self._client.session.msg("create_subshell_request", {})
        self._client.control_channel.send(message)
        while True:
            reply = self._client.get_control_msg(timeout=PATIENCE)
            if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
                return str(reply["content"]["subshell_id"])

    def interrupt(self) -> None:
        self.manager.interrupt_kernel()

    def restart(self) -> None:
        self._client.stop_channels()
        self.manager.restart_kernel()
        self._client = self.manager.blocking_client()
        self.connect()


if __name__ == "__main__":
    print(*(version for version in VERSIONS if not is_installed(version)))
