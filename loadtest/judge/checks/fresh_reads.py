"""Fresh reads: no read returns a version that had certainly been replaced before the read was called.

**Guarantee.** A read of version v is *stale* when there is an acknowledged write j > v such that write v was over
before write j was called, and write j had returned before the read was called. ``k`` is the number of such j. ::

    time    ─────────────────────────────────────────────────────▶
    write 1  ├──────┤
    write 2              ├──────┤
    read                             ├────┤  of 1: stale, k = 1
                                ◀───▶          staleness at least: read.called - returned(2)
                         ◀────────────────▶    staleness at most:  read.returned - called(2)

**Exclusions.** A read that was called at or before the acknowledgement may return either version. A write that was
refused, or whose outcome is unknown, makes no read stale. A version whose own outcome is unknown may take effect late,
so it can be stale only once a read has shown that it took effect (see :mod:`loadtest.judge.order.timeline`). Reads that
returned no known version (errors, torn, foreign) are not looked at; phantoms have a check of their own. Documents of
somebody else excuse no stale read, because nobody else can bring one of ours back; they make silence INCONCLUSIVE.

**With a bound** (``--max-staleness``), a stale read is a finding when its staleness is certainly above the bound. When
the bound lies inside the interval of some staleness, and nothing is certainly above it, the check is INCONCLUSIVE.

Fields: ``looked_at`` = reads called after at least one acknowledgement of a write after version 0; ``found`` = stale
reads beyond the bound; numbers: stale reads, their share, the two ends of the stalest read's staleness, the largest k.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.checks.promise import Counted, Promise, count_number, tolerated_staleness
from loadtest.judge.checks.when_written import acknowledgement, is_own
from loadtest.judge.checks.witness import largest, reader, witness
from loadtest.judge.evidence import despite_others, lacking
from loadtest.judge.order.staleness import staleness
from loadtest.judge.order.timeline import Timeline, stale_reads, timeline
from loadtest.judge.watch_evidence import short_lags
from loadtest.run.history.history import Column, History
from loadtest.run.records import Verdict, WriteOutcome
from loadtest.summary.findings import CheckResult, Number, Witness

PROMISE: Final = Promise(
    "fresh-reads",
    "Fresh reads",
    "A read that begins after a write was acknowledged returns that write or a later one.",
    finds=Counted("stale", "stale"),
    tolerated=tolerated_staleness,
    largest_first=True,
    compares_clocks=True,
)


def fresh_reads(history: History) -> CheckResult:
    times = history.once(timeline)
    looked_at = int(np.count_nonzero(times.legitimate & (times.acknowledged_before >= 2)))
    stale = history.once(stale_reads)
    low, high = staleness(history, times, stale)
    bound = history.max_staleness_ns
    beyond = low > bound
    too_stale = int(np.count_nonzero(beyond))
    undecided = int(np.count_nonzero(~beyond & (high > bound)))
    numbers = _numbers(times, stale, low, high, looked_at)
    witnesses = tuple(_witness(history, times, read) for read in largest(low[beyond], stale[beyond]))
    verdict, sentence = _judge(history, looked_at, too_stale, undecided, len(stale))
    if too_stale:
        sentence += (
            f" The stalest was between {units.duration(low.max())} and {units.duration(high.max())} too old; "
            f"tolerated (--max-staleness): {units.duration(bound)}.{despite_others(history)}"
        )
    return PROMISE.result(verdict, sentence, looked_at=looked_at, found=too_stale, numbers=numbers, witnesses=witnesses)


def _judge(history: History, looked_at: int, too_stale: int, undecided: int, stale: int) -> tuple[Verdict, str]:
    bound = history.max_staleness_ns
    beyond = f" by more than the {units.duration(bound)} that are tolerated" if bound else ""
    if too_stale:
        share = units.share(too_stale / looked_at)
        return Verdict.FAIL, f"{units.counted(too_stale, 'read')} of {looked_at:,} ({share}) were stale{beyond}."
    after = "an acknowledgement" if is_own(history) else "a version that a HEAD had shown"
    if lack := lacking(history, looked_at, f"reads came after {after}", "freshness"):
        return Verdict.INCONCLUSIVE, lack
    if undecided:
        return (
            Verdict.INCONCLUSIVE,
            f"{units.counted(undecided, 'stale read')} may or may not have been stale{beyond}: "
            + (
                "reads and PUTs took too long to tell."
                if is_own(history)
                else "reads took too long, and HEADs were too far apart (--watch-interval), to tell."
            ),
        )
    sentence = f"None of {looked_at:,} reads was stale ({units.none_in(looked_at)})."
    if stale:
        sentence = f"{units.counted(stale, 'read')} of {looked_at:,} were stale, none{beyond}."
    return Verdict.PASS, sentence + short_lags(history)


def _numbers(times: Timeline, stale: Column, low: Column, high: Column, looked_at: int) -> tuple[Number, ...]:
    least: int | None = None
    most: int | None = None
    if len(stale):
        least, most = int(low.max()), int(high.max())
    share = round(len(stale) / looked_at, 9) if looked_at else None
    text = units.share(share) if len(stale) else units.none_in(looked_at)
    none = "none: no read was stale" if looked_at else units.NOTHING
    behind = int(times.behind.max(initial=0))
    return (
        count_number("stale reads", len(stale)),
        Number("share of stale reads", share, "share", text),
        Number("staleness of the stalest read, at least", least, "ns", units.duration(least) if len(stale) else none),
        Number("staleness of the stalest read, at most", most, "ns", units.duration(most) if len(stale) else none),
        count_number("most acknowledged writes that a read was behind", behind),
    )


def _witness(history: History, times: Timeline, read: int) -> Witness:
    version = int(times.version[read])
    place = int(times.superseded_by[version])
    newer, acknowledged = int(times.acknowledged[place]), int(times.acknowledged_returned_ns[place])
    low, high = staleness(history, times, np.array([read]))
    reads = [read]
    why = f"write {version} had returned before write {newer} was called"
    if history.writes.outcome[version] == WriteOutcome.UNKNOWN:
        reads.append(first_read_of(history, times, version))
        why = f"an earlier read shows that write {version} had taken effect before write {newer} was called"
    got = f"given version {version}"
    if history.reads.status[read] == 304:
        got = f"told by a 304 that version {version} was current,"
    known, each = f"write {newer} had been acknowledged", "acknowledged write"
    if not is_own(history):
        known, each = f"a HEAD had shown version {newer}", "version"
        why = f"version {version} was shown before that one"
    sentence = (
        f"{reader(history, read).capitalize()} was {got} although {known} {units.duration(low[0])} before the read was "
        f"called, and {why}: {units.duration(low[0])} to {units.duration(high[0])} too old, "
        f"{units.counted(int(times.behind[read]), each)} behind."
    )
    return witness(
        history, sentence, acknowledged, acknowledgement(history, newer), reads=reads, writes=(version, newer)
    )


def first_read_of(history: History, times: Timeline, version: int) -> int:
    """The read that first returned ``version``, which some read did return."""
    first = times.first_read_ns[version]
    return int(np.argmax(times.legitimate & (times.version == version) & (history.reads.returned_ns == first)))
