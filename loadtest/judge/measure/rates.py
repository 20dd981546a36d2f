"""What was asked of the target and what it answered: outcomes, achieved rates, gaps, late starts."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np

from loadtest.judge.measure.latency import successful
from loadtest.judge.statistics.quantiles import quantiles
from loadtest.run.history import Column, History
from loadtest.run.records import ReadOutcome, WindowKind, WriteOutcome, outcome_name
from loadtest.summary.generator import Availability, OutcomeCount

MOST_WRITE_ERRORS: Final = 5


def measure_availability(history: History) -> Availability:
    """Counts and rates of a run."""
    reads, writes = history.reads, history.writes
    sent = reads.sent
    made = int(np.count_nonzero(sent))
    errors = int(np.count_nonzero(reads.failed))
    duration = duration_ns(history)
    gap, gap_at = _longest_gap(history)
    rate = history.info.settings.arrival_rate
    return Availability(
        reads=made,
        errors=errors,
        error_share=round(errors / made, 9) if made else None,
        read_outcomes=_outcomes(reads.outcome[sent], ReadOutcome),
        writes=len(writes),
        write_outcomes=_outcomes(writes.outcome, WriteOutcome),
        write_errors=tuple(list(dict.fromkeys(error for error in writes.error if error))[:MOST_WRITE_ERRORS]),
        duration_ns=duration,
        reads_per_second=_rate(made, duration),
        writes_per_second=_rate(*_writing(history, duration)),
        wanted_reads_per_second=rate or None,
        late_starts=quantiles((reads.called_ns - reads.scheduled_ns)[sent]),
        body_bytes=int(reads.body_bytes.sum(dtype=np.int64)),
        longest_gap_ns=gap,
        longest_gap_at_ns=gap_at,
        not_sent=len(reads) - made,
    )


def duration_ns(history: History) -> int:
    """From the call of the first read to the last return; 0 without reads."""
    return int(history.reads.returned_ns.max()) - history.origin_ns if len(history.reads) else 0


def _writing(history: History, duration: int) -> tuple[int, int]:
    """How many PUTs after the first were called in the time for writing, and how long that was.

    The window that the end of the run cut off is no window, so its PUTs do not count.
    """
    windows, called = history.windows, history.writes.called_ns[1:]
    if not len(windows):
        return len(called), duration
    writing = windows.kind == WindowKind.WRITING
    return int(np.count_nonzero(called <= windows.end_ns[-1])), int((windows.end_ns - windows.start_ns)[writing].sum())


def _longest_gap(history: History) -> tuple[int | None, int | None]:
    """The longest time without a successful read, and when it began; the start and the end of the run count too."""
    if not len(history.reads):
        return None, None
    returned = np.sort(history.reads.returned_ns[history.once(successful)])
    moments = np.concatenate([[history.origin_ns], returned, [int(history.reads.returned_ns.max())]])
    gaps = np.diff(moments)
    longest = int(np.argmax(gaps))
    return int(gaps[longest]), int(moments[longest]) - history.origin_ns


def _outcomes(column: Column, kind: type[IntEnum]) -> tuple[OutcomeCount, ...]:
    counts = np.bincount(column, minlength=len(kind))
    return tuple(
        OutcomeCount(outcome_name(member), int(counts[member]), round(int(counts[member]) / len(column), 9))  # type: ignore[arg-type]
        for member in kind
        if counts[member]
    )


def _rate(count: int, duration: int) -> float | None:
    return round(count / (duration / 1e9), 3) if duration > 0 else None
