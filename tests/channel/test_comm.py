"""The comm as a carrier."""

import base64
import logging
import threading

from cellucid.channel.comm import CommCarrier
from cellucid.channel.messages import Ack, Cancel, Reply
from cellucid.channel.pace import Pace


def test_bytes_are_counted_in_both_directions_and_headers_are_not():
    sent, received = [], []
    carrier = CommCarrier(
        lambda content, buffers: sent.append((content, buffers)), lambda *args: received.append(args), Pace()
    )
    carrier.send(Reply("p", 1, {"total": 3}), [memoryview(b"abc")])
    carrier.send(Ack("p", 1, 2))
    carrier.receive({"kind": "cancel", "page": "p", "id": 1}, [b"12", memoryview(bytearray(5))])
    assert (carrier.bytes_sent, carrier.bytes_received) == (3, 7)
    assert [content["kind"] for content, _ in sent] == ["reply", "ack"]
    [(message, buffers)] = received
    assert message == Cancel("p", 1)
    assert [bytes(buffer) for buffer in buffers] == [b"12", b"\0" * 5]


def test_a_bad_message_is_logged_and_dropped(caplog):
    received = []
    carrier = CommCarrier(lambda *_: None, lambda *args: received.append(args), Pace())
    with caplog.at_level(logging.WARNING, "cellucid.jupyter"):
        carrier.receive({"kind": "event", "page": "../etc"}, [])
    assert received == []
    assert "page" in caplog.text


def test_messages_from_many_threads_go_out_one_at_a_time():
    inside, most = [], []

    def send(content, buffers):
        inside.append(1)
        most.append(len(inside))
        inside.pop()

    carrier = CommCarrier(send, lambda *_: None, Pace())
    threads = [
        threading.Thread(target=lambda: [carrier.send(Ack("p", 1, n), [memoryview(b"x")]) for n in range(200)])
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert carrier.bytes_sent == 2000


def test_bytes_that_come_as_text_are_counted_too():
    carrier = CommCarrier(lambda *_: None, lambda *_: None, Pace())
    part = {"kind": "part", "page": "p", "transfer": 1, "index": 0, "count": 2}
    for data in (b"", b"f", b"fo", b"foo"):
        carrier.receive(part | {"text": base64.b64encode(data).decode()}, [])
    assert carrier.bytes_received == 6
