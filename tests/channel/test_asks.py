"""What Python asks a page."""

import threading

import pytest

from cellucid.channel.asks import Asks, Question
from cellucid.channel.comm import CommCarrier
from cellucid.channel.messages import Answered
from cellucid.channel.pace import Pace
from cellucid.channel.rpc import RequestError
from cellucid.channel.waits import Waits


class Talk:
    def __init__(self):
        self.sent = []
        self.waits = Waits()
        carrier = CommCarrier(lambda content, buffers: self.sent.append(content), lambda *_: None, Pace())
        self.asks = Asks(carrier, self.waits)

    @property
    def said(self):
        return [(content["command"], content["page"], content["payload"]) for content in self.sent]


@pytest.fixture
def talk():
    return Talk()


def test_the_page_that_was_asked_answers(talk):
    with talk.asks.question("p1", "ping") as question, talk.waits.waiter(question.event) as waiter:
        talk.asks.ask(question, {"x": 1})
        assert talk.said == [("ask", "p1", {"id": question.id, "method": "ping", "params": {"x": 1}})]
        told = talk.asks.take("p1", Answered(question.id, {"t": 5}, None), [memoryview(b"abc")])
        result, buffers = question.result(waiter.take())
    assert (result, [bytes(buffer) for buffer in buffers]) == ({"t": 5}, [b"abc"])
    assert (told[0], dict(told[1])) == ("pong", {"requestId": str(question.id), "t": 5})
    assert len(talk.sent) == 1, "nothing is given up"


def test_nobody_else_can_answer_and_nobody_twice(talk):
    with talk.asks.question("p1", "ping") as question, talk.waits.waiter(question.event) as waiter:
        talk.asks.ask(question, {})
        assert talk.asks.take("p2", Answered(question.id, {"forged": True}, None), []) is None
        assert talk.asks.take("p1", Answered(question.id + 1, {"forged": True}, None), []) is None
        assert waiter.take() is None
        talk.asks.take("p1", Answered(question.id, {}, None), [])
        talk.asks.take("p1", Answered(question.id, {"again": True}, None), [])
        assert question.result(waiter.take())[0] == {}
        assert waiter.take() is None


def test_a_page_that_cannot_answer_says_why(talk):
    with talk.asks.question("p1", "dance") as question, talk.waits.waiter(question.event) as waiter:
        error = {"code": "unknown", "message": "this viewer cannot dance", "hint": "Update."}
        assert talk.asks.take("p1", Answered(question.id, None, error), []) is None
        with pytest.raises(RequestError, match="cannot dance") as raised:
            Question.result(waiter.take())
    assert (raised.value.code, raised.value.hint) == ("unknown", "Update.")


def test_a_question_that_nobody_waits_for_any_more_is_given_up(talk):
    with talk.asks.question("p1", "ping") as question:
        talk.asks.ask(question, {})
    assert talk.said[-1] == ("give_up", "p1", {"id": question.id})
    assert talk.asks.take("p1", Answered(question.id, {}, None), []) is None


def test_questions_of_many_threads_do_not_mix(talk):
    heard = {}

    def work(number):
        with talk.asks.question("p1", "ping") as question, talk.waits.waiter(question.event) as waiter:
            talk.asks.ask(question, {"number": number})
            answer = waiter.wait(10, lambda _: None, None)
            heard[number] = question.result(answer)[0]["number"]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    answered = set()
    while len(answered) < 20:
        for command, _, payload in list(talk.said):
            if command == "ask" and payload["id"] not in answered:
                answered.add(payload["id"])
                talk.asks.take("p1", Answered(payload["id"], payload["params"], None), [])
    for thread in threads:
        thread.join()
    assert heard == {number: number for number in range(20)}
