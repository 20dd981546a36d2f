"""What was asked of the target and what it answered: outcomes, achieved rates, gaps, late starts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum
from typing import Final

import numpy as np

from loadtest.judge.measure.populations import successful
from loadtest.judge.statistics.quantiles import quantiles_of
from loadtest.run.duel_schedule import DuelSchedule, schedule_of
from loadtest.run.history.blocks import blocks, count_of_each, durations, each_block
from loadtest.run.history.history import Column, History
from loadtest.run.records import ERROR_OUTCOMES, ReadOutcome, WindowKind, WriteOutcome, outcome_name
from loadtest.run.schedule import NO_RESTS
from loadtest.summary.generator import Availability, OutcomeCount
from loadtest.summary.speed import Quantiles

MOST_WRITE_ERRORS: Final = 5


def measure_availability(history: History) -> Availability:
    reads, writes = history.reads, history.writes
    outcomes = history.once(reads_by_outcome).copy()
    outcomes[ReadOutcome.NOT_SENT] = 0
    made, errors = int(outcomes.sum()), int(outcomes[list(ERROR_OUTCOMES)].sum())
    duration = history.once(duration_ns)
    with ThreadPoolExecutor(1) as beside:  # NumPy lets go of the interpreter while it sorts
        late = beside.submit(_late, history)
        gap, gap_at = _longest_gap(history)
    rate = history.info.settings.arrival_rate
    return Availability(
        reads=made,
        errors=errors,
        error_share=round(errors / made, 9) if made else None,
        read_outcomes=_outcomes(outcomes, ReadOutcome),
        writes=len(writes),
        write_outcomes=_outcomes(np.bincount(writes.outcome), WriteOutcome),
        write_errors=tuple(list(dict.fromkeys(error for error in writes.error if error))[:MOST_WRITE_ERRORS]),
        duration_ns=duration,
        reads_per_second=_rate(made, reading_ns(history)),
        writes_per_second=_rate(*_writing(history, duration)),
        wanted_reads_per_second=rate or None,
        late_starts=late.result(),
        body_bytes=int(reads.body_bytes.sum(dtype=np.int64)),
        longest_gap_ns=gap,
        longest_gap_at_ns=gap_at,
        not_sent=len(reads) - made,
    )


def reads_by_outcome(history: History) -> Column:
    """How many reads ended in each outcome."""
    return count_of_each(history.reads.outcome, len(ReadOutcome))


def reads_by_worker(history: History) -> Column:
    """How many reads each worker made, up to the last one that made any."""
    return count_of_each(history.reads.worker)


def duration_ns(history: History) -> int:
    """From the call of the first read to the last return; 0 without reads."""
    return int(history.reads.returned_ns.max()) - history.origin_ns if len(history.reads) else 0


def reading_ns(history: History) -> int:
    """For how much of its duration the run read: all of it, save in a duel, where another run has every other turn."""
    ends = np.array([0, history.once(duration_ns)]) + history.origin_ns
    began, ended = _time_of_its_own(history, ends)
    return int(ended - began)


def _time_of_its_own(history: History, moments: Column) -> Column:
    """Times without those in which another run had its turn: they are as they were in a run of its own."""
    plan = history.info.plan
    if plan is None or not plan.side or not len(moments):
        return moments
    windows = schedule_of(plan.start_ns, plan.window_ns, history.info.settings.seed, NO_RESTS, plan.side)
    assert isinstance(windows, DuelSchedule)  # noqa: S101 - it has a side
    pair = np.maximum(0, moments - plan.start_ns) // (2 * windows.turn_ns)
    met, place = np.unique(pair, return_inverse=True)  # not all of them: a clock may be far from its start
    begins = np.array([windows.turn(number)[0] for number in met.tolist()])
    own: Column = pair * windows.turn_ns + np.clip(moments - begins[place], 0, windows.turn_ns)
    return own


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
    ok, every = history.once(successful), history.reads.returned_ns
    returned = np.concatenate(each_block(len(ok), lambda block: np.sort(every[block][ok[block]])))
    returned.sort(kind="stable")  # pieces that rise and hardly overlap: that is next to no work
    last = history.origin_ns + history.once(duration_ns)
    origin, end = (int(time) for time in _time_of_its_own(history, np.array([history.origin_ns, last])))
    at = _time_of_its_own(history, returned)
    gaps = [int(at[0] if len(at) else end) - origin]
    begins = [history.origin_ns]
    for block in blocks(max(0, len(returned) - 1)):
        between = np.diff(at[block.start : block.stop + 1])
        longest = int(np.argmax(between))
        gaps.append(int(between[longest]))
        begins.append(int(returned[block.start + longest]))
    if len(returned):
        gaps.append(end - int(at[-1]))
        begins.append(int(returned[-1]))
    longest = int(np.argmax(gaps))
    return gaps[longest], begins[longest] - history.origin_ns


def _late(history: History) -> Quantiles:
    reads = history.reads
    late = durations(len(reads), lambda block: reads.called_ns[block] - reads.scheduled_ns[block])
    sent = reads.sent
    return quantiles_of(late if sent.all() else np.compress(sent, late))


def _outcomes(counts: Column, kind: type[IntEnum]) -> tuple[OutcomeCount, ...]:
    total = int(counts.sum())
    return tuple(
        OutcomeCount(outcome_name(member), int(counts[member]), round(int(counts[member]) / total, 9))  # type: ignore[arg-type]
        for member in kind
        if member < len(counts) and counts[member]
    )


def _rate(count: int, duration: int) -> float | None:
    return round(count / (duration / 1e9), 3) if duration > 0 else None
