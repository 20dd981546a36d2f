"""The end of a run: waiting for its recordings whatever interrupts it, and the exit code and last sentence.

Recordings are waited for while somebody still records. A process that hangs is killed, if it is a child of this one.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from pathlib import Path
from typing import Final

import gevent

from loadtest.errors import EXIT_USAGE, UsageError
from loadtest.run.records import EXIT_CODES, Verdict
from loadtest.run.spool.recording_processes import closed_spools, still_recording
from loadtest.terminals import say

logger = logging.getLogger(__name__)


def wait_for_spools(run_dir: Path, workers: int, patience_s: float) -> list[str]:
    """Wait until all spools are closed or their processes dead. Returns the names of those that were given up."""
    with gevent.Timeout(patience_s, False):
        while closed_spools(run_dir) < workers and still_recording(run_dir):
            gevent.sleep(0.05)
        return []
    logger.warning("Not every worker has closed its recording within %s s; what it flushed is used.", patience_s)
    for process in still_recording(run_dir).values():
        end_child(process)
    return sorted(still_recording(run_dir))


def exit_code(code: int) -> int:
    """Locust's exit code for the report's: a run that could not be judged, on a full disk say, is inconclusive."""
    return code if code in EXIT_CODES.values() else EXIT_CODES[Verdict.INCONCLUSIVE]


def usage_exit(error: UsageError) -> None:
    """Print what was wrong and end the process, before any load."""
    say(str(error))
    raise SystemExit(EXIT_USAGE)


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
