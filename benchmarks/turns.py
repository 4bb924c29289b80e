"""Takes turns: what is slow about the machine at a moment then hits both sides alike."""

from __future__ import annotations

import time
from collections.abc import Callable


def take_turns(
    ours: Callable[[int], object], theirs: Callable[[int], object], repeats: int
) -> tuple[list[float], list[float]]:
    """Times two functions turn by turn, each with the number of the turn; the side that begins alternates.

    The first call of each is not counted.

    Returns:
        Seconds of each turn, of `ours` and of `theirs`.
    """
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(repeats + 1):
        sides = ((ours, seconds[0]), (theirs, seconds[1]))
        for function, taken in sides if turn % 2 else reversed(sides):
            start = time.perf_counter()
            function(turn)
            elapsed = time.perf_counter() - start
            if turn:
                taken.append(elapsed)
    return seconds
