"""What Locust does not foresee when it is interrupted, or told to quit twice."""

from __future__ import annotations

from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import RLock


def stop_once_at_a_time(runner: Any) -> None:
    """A worker that is interrupted and told to quit is stopped by both, and Locust's users cannot be stopped twice.

    The second waits for the first, and finds the runner stopped.
    """
    stop, stopping = runner.stop, RLock()

    def stop_alone(*how: Any, **else_how: Any) -> None:  # a master's has an argument
        with stopping:
            stop(*how, **else_how)

    runner.stop = stop_alone


def wait_for_the_end_of_this_process() -> None:
    """Locust shuts down twice after SIGTERM, in the signal's greenlet and in the main one, whose join that ends.

    The second would end the process with an exit code of its own while the first still waits for the verdict.
    """
    Event().wait()


def interrupt() -> None:
    """Ctrl-C, told to Locust's main greenlet. Python would raise it in whichever runs: a reader, with a traceback."""
    gevent.get_hub().handle_system_error(KeyboardInterrupt, None)
