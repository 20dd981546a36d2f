"""Reads that are due: each is given out once, when it is due, to who has been free for longest; none is lost."""

import itertools
import socket
import time
from collections.abc import Iterator

import gevent
import pytest
from gevent.socket import wait_read
from hypothesis import given
from hypothesis import strategies as st

from loadtest.load.reading.due_reads import AT_ONCE, DueReads
from loadtest.run.schedule import Arrivals
from loadtest.units import MILLISECOND, SECOND

RATE = 1000


def due_every_ms(start_ns: int, rate: float = RATE) -> DueReads:
    return DueReads(Arrivals(itertools.count(start_ns, MILLISECOND)), rate)


def never() -> DueReads:
    return due_every_ms(time.monotonic_ns() + 3600 * SECOND)


@pytest.fixture
def waiting() -> Iterator[list[gevent.Greenlet]]:
    """Readers that wait; none is left behind."""
    greenlets: list[gevent.Greenlet] = []
    yield greenlets
    gevent.killall(greenlets)


def test_who_has_been_free_for_longest_makes_the_next_read_and_none_early() -> None:
    start = time.monotonic_ns() + 100 * MILLISECOND  # when all wait
    due_reads, made = due_every_ms(start), []

    def read(number: int) -> None:
        due = due_reads.wait()
        assert due is not None
        made.append((number, due, time.monotonic_ns()))

    gevent.joinall([gevent.spawn(read, number) for number in range(9)], timeout=10, raise_error=True)
    assert [(number, due) for number, due, _ in made] == [(n, start + n * MILLISECOND) for n in range(9)]
    assert all(due <= at_ns for _, due, at_ns in made)


def test_what_is_overdue_is_taken_without_waiting() -> None:
    start = time.monotonic_ns() - 5 * MILLISECOND
    due_reads, others = due_every_ms(start), []
    gevent.spawn(others.append, 1)
    assert [due_reads.wait() for _ in range(3)] == [start, start + MILLISECOND, start + 2 * MILLISECOND]
    assert others == []
    gevent.sleep(0)


def test_who_is_stopped_while_it_waits_takes_no_read_along(waiting: list[gevent.Greenlet]) -> None:
    start = time.monotonic_ns() + 100 * MILLISECOND
    due_reads = due_every_ms(start)
    waiting += [gevent.spawn(due_reads.wait) for _ in range(3)]
    gevent.sleep(0)
    waiting[0].kill()
    waiting[1].kill()
    assert waiting[2].get(timeout=10) == start


def test_when_the_run_ends_who_waits_is_told_and_what_was_due_is_left(waiting: list[gevent.Greenlet]) -> None:
    due_reads = never()
    waiting += [gevent.spawn(due_reads.wait) for _ in range(3)]
    gevent.sleep(0)
    assert due_reads.end(time.monotonic_ns()) == []
    assert [greenlet.get(timeout=10) for greenlet in waiting] == [None] * 3
    assert due_reads.wait() is None
    assert due_reads.take_if_due(2**62) is None


@given(taken=st.integers(0, 9), returned=st.sets(st.integers(0, 8)), due_before_the_end=st.integers(0, 9))
def test_every_read_that_was_due_is_taken_or_left(taken: int, returned: set[int], due_before_the_end: int) -> None:
    start = time.monotonic_ns() - SECOND
    due_reads = due_every_ms(start)
    took = [due_reads.wait() for _ in range(taken)]
    for number in sorted(returned):
        if number < taken:
            due_reads.give_back(start + number * MILLISECOND)
            took.remove(start + number * MILLISECOND)
    ended = start + due_before_the_end * MILLISECOND - 1
    left = due_reads.end(ended)
    assert set(took) & set(left) == set()
    due_by_the_end = set(range(start, ended, MILLISECOND))
    assert {due for due in took if due is not None and due <= ended} | set(left) == due_by_the_end


def test_what_is_given_back_goes_to_who_waits(waiting: list[gevent.Greenlet]) -> None:
    due_reads = never()
    waiting += [gevent.spawn(due_reads.wait) for _ in range(2)]
    gevent.sleep(0)
    due = time.monotonic_ns()
    due_reads.give_back(due)
    assert waiting[0].get(timeout=10) == due
    assert not waiting[1].dead


def test_of_many_that_are_due_together_a_few_are_sent_before_the_sockets_are_looked_at(
    waiting: list[gevent.Greenlet],
) -> None:
    due_reads, events = due_every_ms(time.monotonic_ns() + 100 * MILLISECOND), []
    ours, theirs = socket.socketpair()

    def look() -> None:
        wait_read(ours.fileno())
        events.append("looked")

    def read(number: int) -> None:
        due_reads.wait()
        events.append("sent")
        if number == 0:
            theirs.sendall(b"x")

    with ours, theirs:
        looking = gevent.spawn(look)
        waiting += [gevent.spawn(read, number) for number in range(3 * AT_ONCE)]
        gevent.sleep(0)
        time.sleep(0.12)  # this process stands still: all become due
        gevent.joinall([looking, *waiting], timeout=10, raise_error=True)
    assert events == ["sent"] * AT_ONCE + ["looked"] + ["sent"] * 2 * AT_ONCE


@pytest.mark.parametrize(("rate", "is_near"), [(1, False), (99, False), (RATE, True)])
def test_at_a_low_rate_no_read_is_near(rate: float, is_near: bool) -> None:
    due_reads = due_every_ms(time.monotonic_ns() + SECOND, rate)
    assert due_reads.is_near is is_near
    due_reads.end(0)
