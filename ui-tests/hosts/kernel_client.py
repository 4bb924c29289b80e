"""Speaks to a kernel of a JupyterLab past its server."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from jupyter_client.blocking.client import BlockingKernelClient

from hosts.jupyterlab import JupyterLab

SECONDS = 120


@contextmanager
def client_of(lab: JupyterLab, kernel_id: str) -> Iterator[BlockingKernelClient]:
    """A client of a kernel that answers.

    Raises:
        RuntimeError: it did not answer in time.
    """
    client = BlockingKernelClient(connection_file=str(lab.connection_file(kernel_id)))
    client.load_connection_file()
    client.start_channels()
    try:
        _wait_until_it_answers(client)
        yield client
    finally:
        client.stop_channels()


def _wait_until_it_answers(client: BlockingKernelClient) -> None:
    end = time.monotonic() + SECONDS
    while True:
        try:
            return client.wait_for_ready(timeout=end - time.monotonic())
        except RuntimeError:  # also of a kernel whose heart beats late, as on a busy machine
            if time.monotonic() > end:
                raise
