"""The end of a run: waiting for its recordings whatever interrupts it, and the exit code and last sentence.

Recordings are waited for while somebody still records. A process that hangs is killed, if it is a child of this one.
"""

from __future__ import annotations

import logging
from pathlib import Path

import gevent

from loadtest.errors import EXIT_USAGE, UsageError
from loadtest.load.children import end_child
from loadtest.run.recording_processes import closed_spools, still_recording
from loadtest.run.records import EXIT_CODES, Verdict
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
