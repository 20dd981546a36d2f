"""One look at a run that goes on, in a process of its own with low priority.

``python -m loadtest.load.looking.look RUN_DIR UNTIL_NS`` prints one line of JSON: what is undecided, or why the look
failed.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from loadtest.errors import UsageError


def make_way() -> None:
    """Let readers, writer and target run first; but not at idle priority, which would never end on a busy machine."""
    with contextlib.suppress(OSError):
        os.nice(10)
    if hasattr(os, "SCHED_BATCH"):  # which never interrupts another process when it wakes up
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def look(run_dir: Path, until_ns: int) -> dict[str, Any]:
    """What is undecided at this look, or why the look failed."""
    from loadtest.judge.analyse import summarise  # noqa: PLC0415 - only after it has made way
    from loadtest.judge.decided import undecided  # noqa: PLC0415
    from loadtest.run.so_far import history_so_far  # noqa: PLC0415

    try:
        history = history_so_far(run_dir, until_ns)
        summary = summarise(history)
        return {"undecided": undecided(summary, history), "verdict": summary.verdict.value}
    except (UsageError, OSError, ValueError, KeyError, TypeError) as error:
        return {"failed": f"{error}"}


if __name__ == "__main__":
    make_way()
    sys.stdout.write(json.dumps(look(Path(sys.argv[1]), int(sys.argv[2]))) + "\n")
