"""What has to be waited for when a run ends, whatever interrupts it; and how a process says why it ends.

Recordings are waited for as long as somebody still records; what hangs is ended, if it is a child of this process.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import gevent

from loadtest.errors import EXIT_USAGE, UsageError
from loadtest.load.children import end_child
from loadtest.run.recording_processes import closed_spools, still_recording
from loadtest.run.records import EXIT_CODES, Verdict

logger = logging.getLogger(__name__)


def wait_for_spools(run_dir: Path, workers: int, patience_s: float) -> list[str]:
    """Wait until all spools are closed or their processes dead; the names of those that were given up."""
    with gevent.Timeout(patience_s, False):
        while closed_spools(run_dir) < workers and still_recording(run_dir):
            gevent.sleep(0.05)
        return []
    logger.warning("Not every worker has closed its recording within %s s; what it flushed is used.", patience_s)
    for process in still_recording(run_dir).values():
        end_child(process)
    return sorted(still_recording(run_dir))


def exit_code(code: int) -> int:
    """Locust's exit code for that of the report: a run that could not be judged (a full disk, say) was made."""
    return code if code in EXIT_CODES.values() else EXIT_CODES[Verdict.INCONCLUSIVE]


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def usage_exit(error: UsageError) -> None:
    """Say what was wrong and end the process, before any load."""
    say(str(error))
    raise SystemExit(EXIT_USAGE)
