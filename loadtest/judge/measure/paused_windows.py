"""Windows in which the load generator itself paused for so long that the pause may have made their slowest reads.

Such a window tells about the generator, so its pair is left out. The evidence is the generator's own record alone: its
event loop woke late (:mod:`loadtest.judge.measure.pauses`), and meanwhile its process did not run, as its CPU time
shows. ::

    a sample    due ├──────── woke late ────────┤ at      CPU used since the last sample: 1 ms
                    ├─ not running for all but 1 ms ─┤    a pause: stopped, or the machine was busy elsewhere
                    ├─ CPU used as long as it was late ┤  no pause: busy, perhaps with what a frozen target sent at once

The last case is why a late event loop alone is not enough: a target that freezes and then answers hundreds of reads at
once makes the loop late too, and must not be excused for that. How much is left out is limited, and a run that FAILs
with all its windows does not PASS without some (:func:`settled`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.measure.latency import response_quantiles
from loadtest.run.history.history import Column, Flags, History
from loadtest.run.records import Verdict, WindowKind
from loadtest.summary.speed import Impact

PAUSED: Final = "the load generator itself paused"
SMALL_SHARE: Final = 0.25
"""Share of the reads' p99; a shorter delay is no pause."""
LEAST_SHARE: Final = 0.01
"""Share of a window; the reads that were due in so long a pause may be all of its slowest percent."""
MOST_LEFT_OUT: Final = 0.25
"""Share of the pairs; if more are left out, the rest cannot be trusted either."""


def paused_windows(history: History) -> Flags:
    """Which windows are left out. No rest is: a rest is many windows long, and only pieces of it are compared."""
    windows = history.windows
    none = np.zeros(len(windows), dtype=np.bool_)
    p99 = response_quantiles(history, "all").p99_ns
    if p99 is None or not len(windows) or not len(history.samples):
        return none
    starts, ends = own_pauses(history, SMALL_SHARE * p99)
    if not len(starts):
        return none
    processes = len(np.unique(history.samples.worker))
    lengths = windows.end_ns - windows.start_ns
    paused = _within(starts, ends, windows.start_ns, windows.end_ns) / processes
    left_out: Flags = (paused >= LEAST_SHARE * lengths) & (windows.kind != WindowKind.REST)
    return left_out


def own_pauses(history: History, longer_than_ns: float) -> tuple[Column, Column]:
    """Start and end of the pauses in which a process of the load generator was mostly not running."""
    samples = history.samples
    first = np.append(True, np.diff(samples.worker.astype(np.int64)) != 0)  # of its process, with none before it
    used = np.where(first, samples.loop_delay_ns, np.diff(samples.cpu_ns, prepend=0))
    late = samples.loop_delay_ns
    own = (late > longer_than_ns) & (used >= 0) & (2 * used <= late)
    return (samples.at_ns - late)[own], samples.at_ns[own]


def _within(starts: Column, ends: Column, begin: Column, end: Column) -> Column:
    """For how long the intervals overlap each window; the windows are in order and do not overlap each other."""
    total = np.zeros(len(begin), dtype=np.int64)
    for start, stop in zip(starts, ends, strict=True):
        first, last = int(np.searchsorted(end, start)), int(np.searchsorted(begin, stop))
        total[first:last] += np.minimum(end[first:last], stop) - np.maximum(begin[first:last], start)
    return total


def settled(without: Impact, whole: Impact) -> Impact:
    """The impact ``without`` the windows in which the generator paused, as far as that of the ``whole`` run allows.

    A FAIL needs both: with the pauses, it may be due to them, and without them, too little may be left. If more than a
    quarter of the pairs would go, the rest is no fair sample: then nothing is left out, and nothing passes.
    """
    count = without.windows_paused
    windows = units.counted(count, "window")
    gone = whole.pairs_used - without.pairs_used
    if gone > MOST_LEFT_OUT * whole.pairs_used:
        why = (
            f"the load generator itself paused in {windows}, too many to be left out ({gone:,} of "
            f"{units.counted(whole.pairs_used, 'pair')}): measure on a machine with less other work"
        )
        both = whole.verdict is without.verdict is Verdict.FAIL
        return _noted(whole, count, f"In {windows} the load generator itself paused.", "" if both else why)
    note = f"{windows[0].upper()}{windows[1:]} in which the load generator itself paused"
    note += f" {'is' if count == 1 else 'are'} left out."
    verdicts = {whole.verdict, without.verdict}
    if verdicts == {Verdict.FAIL, Verdict.PASS}:
        how = "passes" if without.verdict is Verdict.PASS else "fails"
        return _noted(without, count, note, f"it {how} only without them: measure again")
    return _noted(without, count, note, "")


def _noted(impact: Impact, count: int, note: str, doubt: str) -> Impact:
    if not doubt:
        return replace(impact, windows_paused=count, sentence=f"{impact.sentence} {note}")
    return replace(
        impact,
        windows_paused=count,
        verdict=Verdict.INCONCLUSIVE,
        doubts=(*impact.doubts, doubt),
        sentence=f"{impact.sentence} {note} That settles nothing: {doubt}.",
    )
