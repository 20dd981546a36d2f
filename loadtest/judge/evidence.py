"""How much a run must hold before "nothing was found" means anything, and who else may have been writing.

A finding needs no minimum: one stale read is a stale read, whoever else was writing. Silence does: below these numbers
a check that found nothing is INCONCLUSIVE. Above them, the bound beside the number says what silence is worth (nothing
in n tries: below 3 in n at 95 % confidence).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.watch_evidence import foreign_reads, met_others, somebody_else
from loadtest.run.history.history import History

MINIMUM_READS: Final = 100
"""Bound at the minimum: < 3 %."""
MINIMUM_WRITES: Final = 5
"""Acknowledged writes after version 0."""
MINIMUM_OVERLAPS: Final = 10
"""Reads that overlap a PUT, before bodies may be called whole *while they are being replaced*."""
MINIMUM_CONDITIONS: Final = 20
"""Requests that could have been answered 304."""

MOST_ABSENCES: Final = 3
"""So many processes of which a part of the record is missing are named."""


def first_versions(history: History) -> int:
    """How many writes come before the first read: one for each object."""
    return max(1, len(history.info.objects))


def writes_after_first(history: History) -> int:
    """Acknowledged writes after the first version of each object."""
    return int(np.count_nonzero(history.writes.acknowledged[first_versions(history) :]))


def too_little(history: History, reads: int, what: str) -> str:
    """Why ``reads`` (of the kind ``what``) are too few for silence to mean anything; "" when they are enough."""
    writes = writes_after_first(history)
    if writes < MINIMUM_WRITES:
        some = f"only {units.counted(writes, 'write')} after the first {'was' if writes == 1 else 'were'}"
        known = "seen" if history.info.is_watched else "acknowledged"
        return f"{some if writes else 'no write after the first was'} {known}, at least {MINIMUM_WRITES} are needed"
    if reads < MINIMUM_READS:
        return f"{f'only {reads}' if reads else 'no'} {what}, at least {MINIMUM_READS} are needed"
    return ""


def lacking(history: History, reads: int, what: str, subject: str) -> str:
    """Why silence about a ``subject`` means nothing, as a sentence: others wrote, or ``reads`` are too few; else ""."""
    few = too_little(history, reads, what)
    return somebody_else(history) or (f"Nothing can be said about {subject}: {few}." if few else "")


def despite_others(history: History) -> str:
    """What is added to a finding when somebody else wrote as well; "" when nobody did.

    It stays a finding. A write of somebody else replaces our version, but cannot bring an older one back, because only
    this run makes its documents. Only somebody who kept one of them could put it back, and the text says so.
    """
    foreign, met = foreign_reads(history), met_others(history)
    if not (foreign or met) or history.info.is_watched:
        return ""
    seen = units.counted(foreign, "foreign document") if foreign else f"{units.counted(len(met), 'PUT')} met it"
    return (
        f" Somebody else wrote to {history.info.object_name} as well ({seen}); "
        "that explains none of this, unless they put back a document of this run that they had kept."
    )


def hidden_by_clocks(history: History) -> str:
    """What workers whose clock is not the master's cannot show; "" when there are none."""
    widths = history.info.clock_uncertainty_ns
    if not widths:
        return ""
    named = [f"{units.duration(width)} from worker {int(worker) + 1}" for worker, width in widths.items()]
    listed = (
        named[:MOST_ABSENCES]
        if len(named) <= MOST_ABSENCES
        else [f"{units.duration(max(widths.values()))} from any of {len(named):,} workers"]
    )
    return (
        "Clocks of other machines are known to a bound only, so a lag of less than this may not be seen: "
        f"{', '.join(listed)}."
    )


def missing_records(history: History) -> str:
    """Which part of the record is missing; "" when it is whole."""
    missing = history.info.missing
    more = len(missing) - MOST_ABSENCES
    return " ".join((*missing[:MOST_ABSENCES], *([f"So are records of {more:,} more processes."] if more > 0 else [])))
