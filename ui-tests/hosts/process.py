"""A host's server as a process of ours: isolated, waited for, and ended with everything that it started."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

START_SECONDS = 60
STOP_SECONDS = 15
MARK = "CELLUCID_TEST_HOST"
"""The environment variable by which everything that a host has started is found, whoever its parent is by then."""


class HostFailed(RuntimeError):
    """A host did not start or did not answer; the message carries the end of its log."""


class HostProcess:
    """One server of a host, alive inside `with`.

    Args:
        root_dir: The folder of its notebooks.
        env: Further environment variables for the server and its kernels.
        log: Where its log goes; in a temporary folder unless given.
    """

    name: str
    """For messages."""

    def __init__(self, root_dir: Path, *, env: Mapping[str, str] | None = None, log: Path | None = None) -> None:
        self.root_dir = Path(root_dir).resolve()
        self._env = dict(env or {})
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._home = Path(tempfile.mkdtemp(prefix=f"cellucid-{type(self).__name__.lower()}-"))
        self.log = self._log or self._home / "server.log"
        self.port = free_port()
        try:
            self._start()
            self._wait_until_up()
        except BaseException:
            # Also at Ctrl+C: a server left behind would keep its port and its kernels.
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def command(self) -> Sequence[str]:
        """What is run, in `root_dir`; what it needs is laid out here as well."""
        raise NotImplementedError

    def probe(self) -> None:
        """Ask the server whether it is up; what urllib raises means that it is not yet."""
        raise NotImplementedError

    def log_tail(self, lines: int = 60) -> str:
        """The last lines of the log."""
        if not self.log.is_file():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait(self) -> int:
        """Waits until the server ends by itself; returns its exit code."""
        if self._process is None:
            raise HostFailed(f"{self.name} is not running")
        return self._process.wait()

    def stop(self) -> None:
        """Ends the server and its kernels; harmless when it has ended."""
        process, self._process = self._process, None
        family = list(self._family())
        if process is not None and process.poll() is None:
            # On SIGTERM the server ends its kernels before it goes.
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        _, left = psutil.wait_procs(family, timeout=2)
        for other in left:
            other.kill()
        psutil.wait_procs(left, timeout=STOP_SECONDS)
        shutil.rmtree(self._home, ignore_errors=True)

    def _family(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == str(self._home):
                    yield process
            except psutil.Error:
                continue  # ended meanwhile, or somebody else's

    def _start(self) -> None:
        self.root_dir.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = self.command()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.root_dir,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl+C in our terminal must reach us only: we then stop the server in order.
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        # The environment's own kernels and lab extensions stay visible: Jupyter finds them by sys.prefix.
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "JPY_"))}
        return {**inherited, **self.own_environment()}

    def own_environment(self) -> dict[str, str]:
        """What the server and its kernels have in their environment besides ours."""
        folders = {key: self._home / name for key, name in self.folders().items()}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        return {**{key: str(folder) for key, folder in folders.items()}, MARK: str(self._home), **self._env}

    def folders(self) -> dict[str, str]:
        """Environment variables that name folders, which are ours for the time: nothing of the person's is read."""
        return {"IPYTHONDIR": "ipython", "CELLUCID_CACHE_DIR": "cache"}

    def _wait_until_up(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while True:
            if (code := self._process.poll()) is not None:
                raise HostFailed(f"{self.name} ended at its start with code {code}. Its log:\n{self.log_tail()}")
            try:
                self.probe()
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                if time.monotonic() > deadline:
                    raise HostFailed(
                        f"{self.name} did not answer on port {self.port} within {START_SECONDS} s ({error}). "
                        f"Its log:\n{self.log_tail()}"
                    ) from error
                time.sleep(0.1)
            else:
                return


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
