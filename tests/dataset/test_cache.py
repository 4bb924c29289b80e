from __future__ import annotations

import threading

import numpy as np
import pytest

from cellucid.dataset.cache import ResourceCache
from cellucid.dataset.encode import array_resource
from cellucid.dataset.resource import Resource


def made(n: int) -> Resource:
    return array_resource(np.zeros(n, dtype=np.uint8))


def test_what_was_used_last_stays() -> None:
    cache = ResourceCache(100)
    first = cache.get("a", lambda: made(50))
    cache.get("b", lambda: made(50))
    assert cache.get("a", lambda: made(50)) is first
    cache.get("c", lambda: made(50))
    assert cache.nbytes == 100
    assert cache.get("a", lambda: made(50)) is first
    again = made(50)
    assert cache.get("b", lambda: again) is again


def test_what_is_larger_than_the_bound_is_made_each_time_and_pushes_nothing_out() -> None:
    cache = ResourceCache(100)
    kept = cache.get("a", lambda: made(50))
    assert cache.get("big", lambda: made(101)) is not cache.get("big", lambda: made(101))
    assert cache.get("a", lambda: made(50)) is kept
    cache.clear()
    assert cache.nbytes == 0


def test_one_that_is_dropped_is_made_anew_and_leaves_its_room() -> None:
    cache = ResourceCache(100)
    first, other = cache.get("a", lambda: made(50)), cache.get("b", lambda: made(30))
    cache.drop("a")
    cache.drop("a")
    assert cache.nbytes == 30
    assert cache.get("a", lambda: made(50)) is not first
    assert cache.get("b", lambda: made(30)) is other


def test_an_error_is_passed_on_and_not_remembered() -> None:
    cache = ResourceCache(100)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: made(1 // 0))
    assert len(cache.get("a", lambda: made(1))) == 1


def test_threads_that_ask_for_the_same_make_it_once_and_others_do_not_wait() -> None:
    cache, calls, go = ResourceCache(100), [], threading.Event()

    def slow() -> Resource:
        calls.append(1)
        assert go.wait(10)
        return made(10)

    found: list[Resource] = []
    threads = [threading.Thread(target=lambda: found.append(cache.get("slow", slow))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert len(cache.get("quick", lambda: made(5))) == 5
    go.set()
    for thread in threads:
        thread.join(10)
    assert len(calls) == 1
    assert len(found) == 4
    assert len({id(resource) for resource in found}) == 1


def test_what_is_being_made_while_the_cache_is_cleared_is_not_kept() -> None:
    cache = ResourceCache(100)

    def make() -> Resource:
        cache.clear()
        return made(10)

    assert len(cache.get("a", make)) == 10
    assert cache.nbytes == 0
