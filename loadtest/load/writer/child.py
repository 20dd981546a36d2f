"""What all processes that work beside the readers share: they follow orders from a parent, and end with it.

The orders, with the key, come as one JSON line on standard input. When standard input ends, the process ends.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from loadtest.target.put_errors import shown
from loadtest.target.s3_store import secrets_in
from loadtest.units import SECOND

ORPHAN_TIME_LIMIT_S: Final = 4
"""Time for a request in flight after the process that started this one is gone."""


class Parent:
    """The process that started this one and reads its standard output; it may be gone."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output

    def tell(self, event: dict[str, Any]) -> None:
        """Send one event. If nobody reads any more, the journal still has what counts."""
        try:
            self._output.write(json.dumps(event).encode() + b"\n")
            self._output.flush()
        except OSError:
            pass


def follow_orders(work: Callable[[dict[str, Any], Parent], int]) -> int:
    """Take the orders and do the ``work``. A failure is reported in one sentence, without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group, but the parent decides when to stop
    parent = Parent(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # so that what a library prints is not taken for an event
    threading.Thread(target=_end_when_orphaned, args=(os.getppid(),), daemon=True).start()
    line = sys.stdin.buffer.readline()
    if not line:
        return 0
    orders: dict[str, Any] = {}
    try:
        orders = json.loads(line)
        return work(orders, parent)
    except Exception as error:
        parent.tell({"ended": shown(f"{type(error).__name__}: {error}", secrets_in(orders))})
        return 1


def parent_has_spoken(until_ns: int) -> bool:
    """Sleep until ``until_ns``. True as soon as there is a line on standard input, or its end."""
    while True:
        left = (until_ns - time.monotonic_ns()) / SECOND
        readable, _, _ = select.select([sys.stdin.buffer], [], [], max(0.0, min(left, 3600.0)))
        if readable:
            return True
        if left <= 0:
            return False


def _end_when_orphaned(parent: int) -> None:
    """End this process soon after its parent, also while a PUT or a helper for credentials hangs."""
    while os.getppid() == parent:
        time.sleep(0.5)
    time.sleep(ORPHAN_TIME_LIMIT_S)
    os._exit(1)
