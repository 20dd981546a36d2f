"""A folder of summaries that a CI system carries from run to run: a new one is added, the oldest ones go.

What only the report of a run itself shows (witnesses, histograms, each consistency window) is left out, so that a
hundred runs are a few megabytes. A file is named after its run, so a run that is added twice is there once, wherever it
was measured; and what is removed is only ever a file of this kind.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from loadtest.errors import UsageError
from loadtest.summary.speed import LatencyHistogram
from loadtest.summary.summary import NotForUsError, Summary, SummaryError, read_summary, write_summary
from loadtest.trend.runs import in_order
from stacks.user_input import shown

MOST_KEPT: Final = 100
_ID: Final = re.compile(r"[0-9a-f]{12}")


def add(summary: Summary, folder: Path) -> list[str]:
    """Keep a run beside those before it, the newest hundred; a sentence for each file that was given up as damaged.

    Raises:
        UsageError: the run has no name that a file could have, or the folder cannot be written.
    """
    if not _ID.fullmatch(summary.run.id):
        raise UsageError(f"The run is called {shown(summary.run.id)}, as no recorded run is: give another one.")
    in_order([summary])  # it must say when it began
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_summary(slim(summary), folder / f"{summary.run.id}.json")
        return _give_up(folder)
    except OSError as error:
        raise UsageError(f"{shown(str(folder))} cannot be written: {error.strerror or error}.") from None


def _give_up(folder: Path) -> list[str]:
    """Remove what is damaged, or each trend to come would name it, and the oldest beyond a hundred.

    What may be whole stays, and is named: a newer version of this program, or whoever owns it, can read it.
    """
    kept, said = [], []
    for path in sorted(folder.glob("*.json")):
        if not _ID.fullmatch(path.stem):
            continue
        try:
            found = read_summary(path)
            in_order([found])
            kept.append(found)
        except NotForUsError:
            continue
        except (SummaryError, UsageError) as error:
            path.unlink()
            said.append(f"Given up: {error}")
    for old in in_order(kept)[:-MOST_KEPT]:
        (folder / f"{old.run.id}.json").unlink(missing_ok=True)
    return said


def slim(summary: Summary) -> Summary:
    """Without what only the report of the run itself shows."""
    return replace(
        summary,
        checks=tuple(replace(check, witnesses=()) for check in summary.checks),
        latency=replace(summary.latency, histogram=LatencyHistogram((), (), ()), since_put=()),
        consistency=replace(summary.consistency, windows=(), visibility=()),
    )
