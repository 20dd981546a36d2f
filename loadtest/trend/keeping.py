"""A folder of summaries that a CI system carries from run to run: a new one is added, the oldest ones are removed.

The parts that only the report of the run itself shows (witnesses, histograms, each consistency window) are left out, so
that a hundred runs take a few megabytes. A file is named after its run, so a run that is added twice is there once. No
other files are ever removed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from loadtest.errors import UsageError
from loadtest.summary.speed import LatencyHistogram
from loadtest.summary.summary import NotForUsError, Summary, read_summary, write_summary
from loadtest.trend.runs import in_order
from stacks.user_input import shown

MOST_KEPT: Final = 100
_ID: Final = re.compile(r"[0-9a-f]{12}")


def add(summary: Summary, folder: Path) -> list[str]:
    """Add a run and keep the newest hundred; returns a sentence for each file that was removed as damaged.

    Raises:
        UsageError: the run's name cannot name a file, or the folder cannot be written.
    """
    if not _ID.fullmatch(summary.run.id):
        raise UsageError(f"The run is called {shown(summary.run.id)}, as no recorded run is: give another one.")
    in_order([summary])  # raises when the run does not tell when it began
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_summary(slim(summary), folder / f"{summary.run.id}.json")
        return _give_up(folder)
    except OSError as error:
        raise UsageError(f"{shown(str(folder))} cannot be written: {error.strerror or error}.") from None


def _give_up(folder: Path) -> list[str]:
    """Remove damaged files, which every later trend would have to name, and the oldest beyond a hundred.

    A file that may be whole stays: a newer version of this program, or its owner, can read it.
    """
    kept, removed = [], []
    for path in sorted(folder.glob("*.json")):
        if not _ID.fullmatch(path.stem):
            continue
        try:
            summary = read_summary(path)
            in_order([summary])
            kept.append(summary)
        except NotForUsError:
            continue
        except UsageError as error:
            path.unlink()
            removed.append(f"Given up: {error}")
    for old in in_order(kept)[:-MOST_KEPT]:
        (folder / f"{old.run.id}.json").unlink(missing_ok=True)
    return removed


def slim(summary: Summary) -> Summary:
    """``summary`` without the parts that only the report of the run itself shows."""
    return replace(
        summary,
        checks=tuple(replace(check, witnesses=()) for check in summary.checks),
        latency=replace(summary.latency, histogram=LatencyHistogram((), (), ()), since_put=()),
        consistency=replace(summary.consistency, windows=(), visibility=()),
    )
