"""The faults that a run which only watches must recover: somebody else publishes, and HEADs show when.

A write of somebody else is known to the time between two HEADs, so what is reported of a lag is wider by as much than
with PUTs of our own. Each size must lie in what is reported, and no end of that may lie farther away from it than HEADs
and reads explain. Faults that are the same whoever writes (errors, latencies), and those of PUTs that fail or are lost,
are not here.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.fault_cases import (
    CASES,
    GATEWAY_AND_CDN,
    QUICK,
    FaultCase,
    Interval,
    behind_the_cdn,
    constant_lag,
    longest_window,
    milliseconds,
    percent,
    share,
)
from loadtest.project import PROJECT
from loadtest.summary.summary import Summary

EVERY_S: Final = 0.7
"""Between two publications: longer than the longest constant lag, whose last stale read would meet the next one."""
WATCHING: Final = ("--writer", "watch", "--watch-interval", "0.05", "--arrival-rate", "500")
SECONDS: Final = 8
BEYOND_HEADS_MS: Final = 20.0
"""So much may reads, and a busy machine, add to what HEADs leave open."""


@contextmanager
def publisher(outputs: Path) -> Iterator[None]:
    """``python -m loadtest publish`` beside a run; it has published a document when the block begins."""
    command = [sys.executable, "-m", "loadtest", "publish", "--outputs", str(outputs), "--bytes", "2000"]
    process = subprocess.Popen([*command, "--every", str(EVERY_S)], cwd=PROJECT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        if not said.startswith("published"):
            raise RuntimeError(f"The publisher does not publish: {said}{process.stderr.read()}")
        yield
    finally:
        process.kill()
        process.communicate()


def between_heads_ms(summary: Summary) -> float:
    """The longest time between the two HEADs that prove a publication."""
    return max((window.put_ns for window in summary.consistency.windows), default=0) / 1e6


def heads_and_reads_ms(summary: Summary) -> float:
    """How far an end of what is reported of a constant lag may lie from the lag."""
    return between_heads_ms(summary) + BEYOND_HEADS_MS


def watched_window(summary: Summary) -> Interval:
    """As with PUTs of our own, and by a HEAD's interval more: a window is seen only from the HEAD on that showed it."""
    found = longest_window(summary)
    return Interval(found.low, found.high + between_heads_ms(summary))


def watched_behind_the_cdn(summary: Summary) -> Interval:
    """As :func:`watched_window`, of the CDN's own reads."""
    found = behind_the_cdn(summary)
    return Interval(found.low, found.high + between_heads_ms(summary)) if found.high > 0 else found


def watched_stale_not_modified(summary: Summary) -> Interval:
    """Share of outdated validators that were answered 304; in the time between two HEADs nobody knows which are.

    So of the 304s of that time, as many as came at the usual rate, all may have been stale.
    """
    conditional, windows = summary.conditional, summary.consistency.windows
    hidden = sum(window.put_ns for window in windows) / max(1, summary.run.duration_ns)
    stale, changed = conditional.stale_not_modified, conditional.changed
    perhaps = round(hidden * conditional.not_modified)
    return Interval(share(stale, stale + changed).low, share(stale + perhaps, stale + perhaps + changed).high)


_ALIKE: Final = (
    *("torn", "truncate", "corrupt", "etag-swap", "no-etag", "ignore-if-none-match", "304-with-body", "always-304"),
    *("304-without-etag", "304-other-etag", "own-etags", "flapping-etag"),
)
"""Faults that are recovered by the same numbers as where this suite writes."""


def _watched(case: FaultCase) -> FaultCase:
    return replace(case, arguments=WATCHING, seconds=max(case.seconds, SECONDS), watched=True)


_STALENESS: Final = (
    FaultCase("replica-lag", milliseconds(120, 300, 500), constant_lag, ("fresh-reads",), "ms", beyond=heads_and_reads_ms),
    # less than the time between two HEADs: a bound
    FaultCase("replica-lag", milliseconds(30), constant_lag, (), "ms", beyond=heads_and_reads_ms),
    FaultCase("replicas", milliseconds(150, 300, 600, form="0ms,{}ms"), watched_window, ("fresh-reads", "monotonic-reads"), "ms"),
    FaultCase("cache-ttl", milliseconds(200, 400, 1000), watched_window, ("fresh-reads",), "ms", seconds=10),
    FaultCase("stale-304", percent(10, 30, 60), watched_stale_not_modified, ("fresh-reads",)),
)  # fmt: skip
_CDN: Final = replace(
    _watched(
        FaultCase("cdn", milliseconds(200, 400, 1000, form="ttl{}ms"), watched_behind_the_cdn, ("fresh-reads",), "ms")
    ),
    arguments=(*WATCHING, *GATEWAY_AND_CDN[len(QUICK) :]),
    seconds=10,
)
WATCHED: Final[tuple[FaultCase, ...]] = (
    *(_watched(case) for case in _STALENESS),
    _CDN,
    *(_watched(next(case for case in CASES if case.fault == fault)) for fault in _ALIKE),
)
"""Each fault that makes sense where somebody else publishes."""
# ruff: noqa: E501 - a table reads best with one fault a line
