"""Processes that this one has started and that hang when a run ends: they are killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Final

import gevent

_PATIENCE_S: Final = 5.0


def end_child(process: int) -> bool:
    """Kill a process if it is a child of this one and has not ended; whether it is gone now."""
    try:
        ended = os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except (ChildProcessError, OverflowError):
        return False
    if ended is None:
        os.kill(process, signal.SIGKILL)
        os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    return True


def _forked_children() -> list[int]:
    """Processes that run the same command as this one and were started by it: the workers of ``--processes``."""
    own = Path("/proc/self")
    try:
        command = (own / "cmdline").read_bytes()
        children = [
            int(child) for task in (own / "task").iterdir() for child in (task / "children").read_text().split()
        ]
        return [child for child in children if Path(f"/proc/{child}/cmdline").read_bytes() == command]
    except (OSError, ValueError):
        return []


def end_hanging_children() -> None:
    """When this process ends: workers of its own that have not ended by then hang, and are killed."""
    deadline = time.monotonic() + _PATIENCE_S
    while (children := _forked_children()) and time.monotonic() < deadline:
        gevent.sleep(0.05)
    for child in children:
        end_child(child)
