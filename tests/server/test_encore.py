"""What has come on several connections is taken up in one go."""

import socket

import pytest

from cellucid.server.encore import Encore

pytestmark = pytest.mark.skipif(not Encore.available, reason="only where the system has epoll")


class Connection:
    """One of a pair of sockets; answers what it hears, as long as it likes to be read from."""

    def __init__(self, encore, number):
        self.end, self.far = socket.socketpair()
        self.encore, self.heard, self.takes_more = encore, [], True
        encore.add(number, self.end.fileno(), self)

    def data_received(self, data):
        self.heard.append(data)
        self.encore.run()  # as one does that has answered
        if data == b"again":
            self.far.sendall(b"and again")


@pytest.fixture
def encore():
    return Encore()


@pytest.fixture
def connections(encore):
    made = [Connection(encore, number) for number in range(100)]
    yield made
    for connection in made:
        connection.end.close()
        connection.far.close()


def test_all_that_has_come_is_taken_and_what_comes_for_it(encore, connections):
    for number, connection in enumerate(connections):
        connection.far.sendall(f"{number}".encode() * 100)
    for _ in range(5):  # a machine with much to do may have used up the time of one
        encore.run()
    assert [connection.heard for connection in connections] == [[f"{n}".encode() * 100] for n in range(100)]
    connections[3].far.sendall(b"again")
    for _ in range(5):
        encore.run()
    assert connections[3].heard[1:] == [b"again", b"and again"]


def test_those_that_are_not_to_be_read_are_not(encore, connections):
    paused, gone, ended, other = connections[:4]
    for connection in (paused, gone, other):
        connection.far.sendall(b"x")
    paused.takes_more = False
    encore.remove(1)
    encore.remove(1)
    ended.far.close()
    for _ in range(3):
        encore.run()
    assert [connection.heard for connection in (paused, gone, ended, other)] == [[], [], [], [b"x"]]
    paused.takes_more = True
    for _ in range(3):
        encore.run()
    assert paused.heard == [b"x"]
    assert gone.end.recv(10) == b"x", "it is the event loop's"
