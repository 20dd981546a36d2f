"""Waking up on time. gevent's timers are as coarse as ``epoll_wait``: a millisecond, as long as a whole read may take.

The last stretch before a moment is therefore spent yielding to the event loop, which keeps every other reader running.
"""

from __future__ import annotations

import time
from typing import Final

import gevent

from loadtest.schedule import SECOND

TIMER_COARSENESS_NS: Final = 1_000_000


def seconds_to_sleep(due_ns: int, now_ns: int) -> float:
    """How long a timer may be trusted to sleep before ``due_ns``; 0 when it is close or past."""
    return max(0, due_ns - now_ns - TIMER_COARSENESS_NS) / SECOND


def yield_until(due_ns: int) -> None:
    """Let others run until ``due_ns`` has come."""
    while time.monotonic_ns() < due_ns:
        gevent.sleep(0)


def sleep_until(due_ns: int) -> None:
    """Sleep, then yield, until ``due_ns`` has come."""
    gevent.sleep(seconds_to_sleep(due_ns, time.monotonic_ns()))
    yield_until(due_ns)
