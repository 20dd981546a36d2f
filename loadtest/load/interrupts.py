"""Fixes for what Locust does not handle: an interrupt at a bad moment, and being told to quit twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import RLock
from locust.runners import MasterRunner

from loadtest.load.workers.record_receiver import RecordReceiver


def stop_once_at_a_time(runner: Any, *, has_page: bool) -> None:
    """Make a second ``stop`` wait for the first, after which there is nothing left to stop.

    A worker that is interrupted and told to quit is stopped by both, and Locust's users cannot be stopped twice. A
    process without workers makes its report while it stops: a signal at that time would end it without a verdict. A
    master without a page reports later, when it quits, and may be stopped by the greenlet that hears its workers end.
    """
    if isinstance(runner, MasterRunner) and not has_page:
        return
    stop, stopping = runner.stop, RLock()

    def stop_alone(*how: Any, **else_how: Any) -> None:  # a master's has an argument
        with stopping:
            stop(*how, **else_how)

    runner.stop = stop_alone


def quit_after_records(runner: Any, records: Callable[[], RecordReceiver | None]) -> None:
    """Make a master that quits end its workers, and take in their records, first: afterwards it hears them no more."""
    quit_now = runner.quit

    def quit_last() -> None:
        receiver = records()
        if receiver:
            runner.stop(send_stop_to_client=False)
            receiver.end_workers()
            receiver.wait()
        quit_now()

    def quit_elsewhere() -> None:  # not in the greenlet that takes in messages, because messages are waited for
        if gevent.getcurrent() in runner.greenlet:
            gevent.spawn(quit_last)
        else:
            quit_last()

    runner.quit = quit_elsewhere


def wait_for_the_end_of_this_process() -> None:
    """Wait for ever. After SIGTERM Locust shuts down twice: in the signal's greenlet, and in the main one.

    The second would end the process, with an exit code of its own, while the first still waits for the verdict.
    """
    Event().wait()


class _CtrlC:
    """What has become of Ctrl-C while it had to wait."""

    waiting = 0
    """Blocks that it must not end."""
    pressed = False


def interrupt() -> None:
    """Ctrl-C, told to Locust's main greenlet. Python would raise it in whichever runs: a reader, with a traceback."""
    if _CtrlC.waiting:
        _CtrlC.pressed = True
    else:
        gevent.get_hub().handle_system_error(KeyboardInterrupt, None)


@contextmanager
def waiting_through_ctrl_c() -> Iterator[None]:
    """Ctrl-C does not end the block: the report hears of it itself, and the old document is put back.

    It is remembered for a process that goes on after the block (:func:`interrupt_if_asked`).
    """
    _CtrlC.waiting += 1
    try:
        yield
    finally:
        _CtrlC.waiting -= 1


def interrupt_if_asked() -> None:
    """End this process if Ctrl-C was pressed while it had to wait."""
    pressed, _CtrlC.pressed = _CtrlC.pressed, False
    if pressed:
        interrupt()
