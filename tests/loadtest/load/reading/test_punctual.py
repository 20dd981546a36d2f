"""Waking up on time, in order, with and without timers that are files."""

import os
import time

import gevent
import pytest
from gevent.hub import get_hub

from loadtest.load.reading import punctual
from loadtest.load.reading.punctual import EARLY_NS, SOON_NS, Alarm
from loadtest.timer_descriptor import TimerDescriptor
from loadtest.units import MILLISECOND


def none(*_: object) -> None:
    raise OSError("there are none here")


@pytest.fixture(params=["a file", "the event loop"])
def alarm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Alarm:
    if request.param == "a file":
        try:
            TimerDescriptor().close()
        except (AttributeError, OSError):
            pytest.skip("this system has no timers that are files")
    else:
        monkeypatch.setattr(punctual, "TimerDescriptor", none)
    return Alarm()


def test_nobody_wakes_early_and_all_wake_in_the_order_of_their_times(alarm: Alarm) -> None:
    woken: list[tuple[int, int]] = []
    start = time.monotonic_ns() + 200 * MILLISECOND  # all are asleep by then, however busy the machine is

    def sleep(number: int) -> None:
        alarm.sleep_until(start + number * MILLISECOND)
        woken.append((number, time.monotonic_ns()))

    gevent.joinall([gevent.spawn(sleep, number) for number in (9, 3, 27, 1, 27, 2)], timeout=10)
    assert [number for number, _ in woken] == [1, 2, 3, 9, 27, 27]
    assert all(at_ns >= start + number * MILLISECOND for number, at_ns in woken)


def test_what_is_past_is_not_waited_for(alarm: Alarm) -> None:
    others: list[int] = []
    gevent.spawn(others.append, 1)
    alarm.sleep_until(time.monotonic_ns())
    assert others == []
    gevent.sleep(0)
    assert others == [1]


def test_one_that_is_killed_while_it_sleeps_holds_nobody_up(alarm: Alarm) -> None:
    start, woken = time.monotonic_ns() + 200 * MILLISECOND, []

    def sleep(number: int) -> None:
        alarm.sleep_until(start + number * 5 * MILLISECOND)
        woken.append(number)

    sleepers = [gevent.spawn(sleep, number) for number in (1, 2, 3)]
    gevent.sleep(0)
    sleepers[0].kill()
    gevent.joinall(sleepers, timeout=10)
    assert woken == [2, 3]


def test_one_wakes_again_and_again(alarm: Alarm) -> None:
    start = time.monotonic_ns()
    for number in range(1, 6):
        alarm.sleep_until(start + number * MILLISECOND)
        assert time.monotonic_ns() >= start + number * MILLISECOND


def test_a_wait_as_short_as_it_takes_to_set_an_alarm_is_waited_for_by_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    set_for: list[int] = []
    monkeypatch.setattr(TimerDescriptor, "set", lambda _, due_ns: set_for.append(due_ns))
    clock = punctual.clock(get_hub().loop, lambda: None)
    for due_ns, now_ns in (
        (1_000 * SOON_NS, 0),
        (1_000 * SOON_NS + 1, 999 * SOON_NS),  # it does not ring yet
        (1_001 * SOON_NS, 1_000 * SOON_NS + 1),  # it rings
        (1_003 * SOON_NS, 1_001 * SOON_NS),  # too long to look on
        (1_002 * SOON_NS, 1_001 * SOON_NS),  # an earlier one
    ):
        clock.set(due_ns, now_ns)
    clock.close()
    early = [due_ns - wait_ns // 10 for due_ns, wait_ns in ((1_003 * SOON_NS, 2 * SOON_NS), (1_002 * SOON_NS, SOON_NS))]
    assert set_for == [1_000 * SOON_NS - EARLY_NS, 1_000 * SOON_NS + 1 - (SOON_NS + 1) // 10, *early]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_process_that_is_forked_has_an_alarm_of_its_own() -> None:
    ours = punctual.alarm()
    assert punctual.alarm() is ours
    child = os.fork()
    if not child:
        os._exit(0 if punctual.alarm() is not ours else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
