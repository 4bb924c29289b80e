"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable

SECONDS = 60


def wait_until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it does not come to be so within {seconds} s"
        time.sleep(0.01)
