"""`with widget.lock`: nobody reads the data meanwhile, and nobody waits for ever."""

import gc
import threading
import weakref

import pytest

from cellucid import CellucidWidget
from cellucid.dataset import lock as locks


def start(work):
    """Run a function on a thread; join it by `done(thread)`."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def done(thread):
    thread.join(20)
    assert not thread.is_alive(), "it waits for ever"


def test_the_server_and_the_comm_wait_while_somebody_holds_it(shown, cube):
    begun, read = threading.Event(), []

    def reading():
        begun.set()
        read.append(shown._dataset.read("obs/score.values.f32").as_array()[0])

    with shown.lock:
        thread = start(reading)
        begun.wait(10)
        thread.join(0.05)
        assert read == []
        cube.obs["score"] = cube.obs["score"] + 0.0
        assert shown.selected.n_obs == 0, "its holder may read"
    done(thread)
    assert len(read) == 1


def test_who_holds_it_may_ask_for_what_another_thread_has_begun_to_read(shown, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    make = type(shown._dataset)._read_gene

    def slow(self, *args):
        begun.set()
        go_on.wait(10)
        return make(self, *args)

    monkeypatch.setattr(type(shown._dataset), "_read_gene", slow)
    first = start(lambda: shown._dataset.gene("CD3E"))
    begun.wait(10)

    def hook():
        with shown.lock:
            shown._dataset.gene("CD3E")

    second = start(hook)
    go_on.set()
    done(first)
    done(second)


def test_a_hook_that_holds_it_may_set_traits_while_a_trait_is_being_set_that_reads_data(shown):
    holds, sets = threading.Event(), threading.Event()

    def comm():  # holds the widgets' lock and then wants the data
        with shown._lock:
            holds.wait(10)
            sets.set()
            shown.filters = {"score": {"min": 2}}

    def hook():  # holds the data and then wants the widgets' lock
        with shown.lock, shown.lock:
            holds.set()
            sets.wait(10)
            shown.point_size = 2
            assert locks._held() == [shown.lock, shown.lock], "it holds them again"

    threads = [start(comm), start(hook)]
    for thread in threads:
        done(thread)
    assert (shown.point_size, shown.n_visible) == (2, 7)


def test_widgets_on_the_same_data_share_it_also_after_a_refresh(shown, cube, adata):
    other, stranger = CellucidWidget(cube), CellucidWidget(adata)
    assert shown.lock is other.lock
    assert shown.lock is not stranger.lock
    cube.obs["more"] = 1.0
    shown.refresh()
    assert shown.lock is other.lock
    other.close()
    stranger.close()


def test_an_exception_inside_lets_go(shown):
    with pytest.raises(ZeroDivisionError), shown.lock:
        _ = 1 / 0
    done(start(lambda: shown._dataset.gene("CD3E")))


def test_the_lock_goes_with_the_data(cube):
    data = cube.copy()
    key, lock = id(data), weakref.ref(data)
    assert locks.lock_of(data) is locks.lock_of(data)
    del data
    gc.collect()
    assert lock() is None
    assert key not in locks._locks


def test_the_stop_button_leaves_the_widgets_lock_free(shown, monkeypatch):
    inner, stopped = shown.lock._lock, []

    class Interrupted:
        """The data lock's inner lock: the second taking is interrupted."""

        taken = 0

        def acquire(self):
            self.taken += 1
            if self.taken == 2:
                raise KeyboardInterrupt
            return inner.acquire()

        def release(self):
            inner.release()

    holds, free = threading.Event(), threading.Event()

    def comm():
        with shown._lock:
            holds.set()
            free.wait(10)

    thread = start(comm)
    holds.wait(10)
    monkeypatch.setattr(shown.lock, "_lock", Interrupted())
    threading.Timer(0.05, free.set).start()
    try:
        with shown.lock:
            shown.point_size = 2
    except KeyboardInterrupt:
        stopped.append(True)
    monkeypatch.undo()
    done(thread)
    assert stopped == [True]
    assert locks._held() == []
    done(start(lambda: setattr(shown, "point_size", 3)))
    done(start(lambda: shown._dataset.gene("CD3E")))


def test_a_lazy_key_that_is_read_under_the_lock_by_one_and_without_by_another(shown):
    shown._handle_custom_msg({"kind": "event", "page": "p1", "seq": 0, "event": "hover", "payload": {"cell": 1}}, [])
    hover, begun = shown.state.hover, threading.Event()

    def hook():
        with shown.lock:
            begun.set()
            begun.wait(1)
            assert hover["position"]["x"] is not None

    threads = [start(hook), start(lambda: (begun.wait(10), hover["position"]))]
    for thread in threads:
        done(thread)
