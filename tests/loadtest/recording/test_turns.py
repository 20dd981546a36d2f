"""Greenlets that take turns: in order, a few in each round of the event loop, with a look at the sockets in between."""

import socket

import gevent
import pytest
from gevent.socket import wait_read

from loadtest.recording.turns import FEW, MANY, Turns


def test_all_go_on_in_the_order_in_which_they_came() -> None:
    turns, gone_on = Turns(at_once=2), []

    def pass_by(number: int) -> None:
        turns.wait()
        gone_on.append(number)

    gevent.joinall([gevent.spawn(pass_by, number) for number in range(7)], timeout=10)
    assert gone_on == list(range(7))


def test_what_has_come_meanwhile_is_looked_at_before_the_next_few_go_on() -> None:
    turns, events = Turns(at_once=2), []
    ours, theirs = socket.socketpair()

    def look() -> None:
        wait_read(ours.fileno())
        events.append("looked")

    def pass_by(number: int) -> None:
        turns.wait()
        if number == 1:
            theirs.sendall(b"x")
        events.append("passed")

    with ours, theirs:
        greenlets = [gevent.spawn(look), *(gevent.spawn(pass_by, number) for number in range(5))]
        gevent.joinall(greenlets, timeout=10)
    assert events == ["passed", "passed", "looked", "passed", "passed", "passed"]


def test_one_that_is_killed_while_it_waits_holds_nobody_up() -> None:
    turns, gone_on = Turns(at_once=1), []

    def pass_by(number: int) -> None:
        turns.wait()
        gone_on.append(number)

    greenlets = [gevent.spawn(pass_by, number) for number in range(3)]

    def kill_the_second() -> None:
        greenlets[1].kill(block=False)

    gevent.joinall([*greenlets, gevent.spawn(kill_the_second)], timeout=10)
    assert gone_on == [0, 2]


@pytest.mark.parametrize(("at_once", "order"), [(MANY, ["made", "made", "sent", "sent"]), (FEW, ["made", "sent"] * 2)])
def test_requests_of_a_closed_loop_are_made_before_any_is_sent(at_once: int, order: list[str]) -> None:
    turns, events = Turns(at_once), []

    def send() -> None:
        events.append("made")
        turns.before_sending()
        events.append("sent")

    gevent.joinall([gevent.spawn(send) for _ in range(2)], timeout=10)
    assert events == order
