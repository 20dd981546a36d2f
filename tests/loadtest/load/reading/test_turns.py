"""Those who take turns: in order, a few in each round of the event loop, with a look at the sockets in between."""

import socket

import gevent
from gevent.event import Event
from gevent.socket import wait_read

from loadtest.load.reading.turns import Turns


def test_all_go_on_in_the_order_in_which_they_asked() -> None:
    turns, gone_on, done = Turns(at_once=2), [], Event()
    for number in range(7):
        turns.ask(lambda _, number=number: gone_on.append(number))
    turns.ask(lambda _: done.set())
    assert done.wait(10)
    assert gone_on == list(range(7))


def test_what_has_come_meanwhile_is_looked_at_before_the_next_few_go_on() -> None:
    turns, events, done = Turns(at_once=2), [], Event()
    ours, theirs = socket.socketpair()

    def look() -> None:
        wait_read(ours.fileno())
        events.append("looked")

    def pass_by(number: int) -> None:
        if number == 1:
            theirs.sendall(b"x")
        events.append("passed")

    with ours, theirs:
        looking = gevent.spawn(look)
        gevent.sleep(0)
        for number in range(5):
            turns.ask(lambda _, number=number: pass_by(number))
        turns.ask(lambda _: done.set())
        assert done.wait(10)
        looking.join(10)
    assert events == ["passed", "passed", "looked", "passed", "passed", "passed"]


def test_whoever_asks_while_others_go_on_comes_behind_them() -> None:
    turns, gone_on, done = Turns(at_once=1), [], Event()

    def ask_again(_: None) -> None:
        gone_on.append(0)
        turns.ask(lambda _: (gone_on.append(2), done.set()))

    turns.ask(ask_again)
    turns.ask(lambda _: gone_on.append(1))
    assert done.wait(10)
    assert gone_on == [0, 1, 2]
