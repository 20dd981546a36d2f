"""What Locust does not foresee when it is interrupted, or told to quit twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import RLock

from loadtest.load.record_receiver import RecordReceiver


def stop_once_at_a_time(runner: Any) -> None:
    """A worker that is interrupted and told to quit is stopped by both, and Locust's users cannot be stopped twice.

    The second waits for the first, and finds the runner stopped.
    """
    stop, stopping = runner.stop, RLock()

    def stop_alone(*how: Any, **else_how: Any) -> None:  # a master's has an argument
        with stopping:
            stop(*how, **else_how)

    runner.stop = stop_alone


def quit_after_records(runner: Any, records: Callable[[], RecordReceiver | None]) -> None:
    """A master that quits hears its workers no more, so workers that send their records are ended and heard first."""
    quit_now = runner.quit

    def quit_last() -> None:
        receiver = records()
        if receiver:
            runner.stop(send_stop_to_client=False)
            receiver.end_workers()
            receiver.wait()
        quit_now()

    def quit_elsewhere() -> None:  # not where messages come in: they are waited for
        if gevent.getcurrent() in runner.greenlet:
            gevent.spawn(quit_last)
        else:
            quit_last()

    runner.quit = quit_elsewhere


def wait_for_the_end_of_this_process() -> None:
    """Locust shuts down twice after SIGTERM, in the signal's greenlet and in the main one, whose join that ends.

    The second would end the process with an exit code of its own while the first still waits for the verdict.
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
