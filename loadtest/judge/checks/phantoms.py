"""No phantoms: every version that a read returns was written, and its write had begun by then.

**Guarantee.** A read of v is a *phantom* when no write of v is recorded, when write v was refused (a definite 4xx: it
did not happen), or when the read had returned before write v was called. ::

    time   ───────────────────────────────────────▶
    read     ├────┤ of 2: a phantom
    read     ├────────────┤ of 2: overlaps the write, no phantom
    write 2         ├────────────┤

**Exclusions.** A write whose outcome is unknown may have taken effect, so a read of it is no phantom. A read that
returned in the very nanosecond in which the write was called overlaps it. Documents of another run are *foreign*, not
phantoms. Where somebody else publishes, only HEADs show what was written; a PASS needs HEADs that missed nothing.

Fields: ``looked_at`` = reads that named a version of this run; ``found`` = phantoms; numbers: phantoms by cause.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.checks.promise import Counted, Promise, count_number
from loadtest.judge.checks.witness import MOST_WITNESSES, reader, witness
from loadtest.judge.evidence import MINIMUM_READS
from loadtest.judge.order.timeline import timeline
from loadtest.judge.watch_evidence import left_open
from loadtest.run.history.history import History
from loadtest.run.records import Verdict, WriteOutcome
from loadtest.summary.findings import CheckResult, Witness

PROMISE: Final = Promise(
    "phantoms",
    "No phantoms",
    "A read returns only versions that were written, and none before its write began.",
    finds=Counted("of no written version", "of no written version"),
    compares_clocks=True,
)


def phantoms(history: History) -> CheckResult:
    times = history.once(timeline)
    phantom_reads = np.flatnonzero(times.phantom)
    looked_at = int(np.count_nonzero(times.legitimate)) + len(phantom_reads)
    versions = history.reads.version[phantom_reads]
    never = int(np.count_nonzero(versions >= len(history.writes)))
    written = versions[versions < len(history.writes)]
    refused = int(np.count_nonzero(history.writes.outcome[written] == WriteOutcome.REFUSED))
    early = len(phantom_reads) - never - refused
    if len(phantom_reads):
        verdict = Verdict.FAIL
        sentence = (
            f"{units.counted(len(phantom_reads), 'read')} of {looked_at:,} returned a version that cannot have been "
            f"there: {never:,} never written, {refused:,} refused, {early:,} before the write began."
        )
    elif history.info.is_watched and (open_ := left_open(history)):
        verdict, sentence = Verdict.INCONCLUSIVE, open_
    elif looked_at < MINIMUM_READS:
        verdict = Verdict.INCONCLUSIVE
        some = f"Only {units.counted(looked_at, 'read')}" if looked_at else "No read"
        sentence = f"{some} named a version, at least {MINIMUM_READS} are needed."
    else:
        verdict, sentence = Verdict.PASS, f"All {looked_at:,} reads returned versions that were there to be read."
    return PROMISE.result(
        verdict,
        sentence,
        looked_at=looked_at,
        found=len(phantom_reads),
        numbers=(
            count_number("versions never written", never),
            count_number("versions whose write was refused", refused),
            count_number("versions returned before they were written", early),
        ),
        witnesses=tuple(_witness(history, int(read)) for read in phantom_reads[:MOST_WITNESSES]),
    )


def _witness(history: History, read: int) -> Witness:
    version = int(history.reads.version[read])
    last = len(history.writes) - 1
    if version > last:
        sentence = f"got version {version}, and the last one that was ever written is {last}."
        write = last
    elif history.writes.outcome[version] == WriteOutcome.REFUSED:
        sentence = f"got version {version}, whose write had been refused ({history.writes.error[version] or '4xx'})."
        write = version
    else:
        gap = int(history.writes.called_ns[version]) - int(history.reads.returned_ns[read])
        sentence = f"got version {version} {units.duration(gap)} before its write was called."
        write = version
    return witness(
        history,
        f"{reader(history, read).capitalize()} {sentence}",
        int(history.writes.called_ns[write]),
        f"call of write {write}",
        reads=(read,),
        writes=(write,),
    )
