"""The clocks of a run's workers: the exchanges with each, and what they prove about the moments that it recorded.

The master writes each exchange of readings beside the spools as it comes, so that a run whose master was killed has
them, too (:mod:`loadtest.run.clocks.exchange_files`). A worker whose clock is the master's own needs no bound;
``run.json`` says which are.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from loadtest import units
from loadtest.errors import UsageError
from loadtest.run.clocks.clock_bounds import EXCHANGE_DTYPE, ClockBounds, Jump, Moments
from loadtest.run.clocks.exchange_files import exchange_file, load_exchanges
from loadtest.run.plan import boot_id
from loadtest.run.spool.presence import WORKER

Array = np.ndarray[Any, np.dtype[Any]]
CLOCK_DTYPE: Final = np.dtype(
    [("worker", "<u2"), *((name, EXCHANGE_DTYPE[name]) for name in EXCHANGE_DTYPE.names or ())]
)
"""One row of ``clocks.parquet``: an exchange of readings with a worker."""


@cache
def clock_name() -> str:
    """The name of this process's clock: the boot of its kernel, and its time namespace; "" where unknown.

    Two clocks of one name may still be different (a machine resumed twice from one snapshot). Exchanges show that.
    """
    try:
        return f"{boot_id()}/{Path('/proc/self/ns/time').stat().st_ino}"
    except OSError:
        return boot_id()


def clocks_of(run_dir: Path, run: dict[str, Any]) -> dict[int, ClockBounds]:
    """The bounds of each worker's clock that is not the master's, or did not stay that, by the worker's share.

    Raises:
        UsageError: the exchanges with a worker are gone, or are not the ones that ``run.json`` knows of.
    """
    workers = [process for process in run.get("manifest", {}).get("processes", ()) if process.get("role") == WORKER]
    others = [process for process in workers if _is_another(process.get("clock") or {})]
    heard = [each for each in others if not each.get("refused") or len(load_exchanges(run_dir, each["share"]))]
    return {each["share"]: ClockBounds.of(_some_exchanges(run_dir, each["share"], each["clock"])) for each in heard}


def _is_another(clock: dict[str, Any]) -> bool:
    return clock.get("one") is False or bool(clock.get("jumped"))


def clocks_that_went_back(run_dir: Path, attendance: dict[str, Any]) -> dict[int, ClockBounds]:
    """The bounds of clocks that went back as the record of their workers shows, by the worker's share.

    A worker may be beside the master: then its clock was the master's until it went back.
    """
    return {
        process["share"]: of_clock_that_went_back(
            run_dir, process["share"], process["went_back_ns"], process.get("until_ns")
        )
        for process in attendance["processes"]
        if process["role"] == WORKER and process.get("went_back_ns")
    }


def of_clock_that_went_back(run_dir: Path, share: int, step_ns: int, until_ns: int | None) -> ClockBounds:
    """The bounds of one of them. Where nobody compared it with the master's, there was no other process than that."""
    exchanges = load_exchanges(run_dir, share)
    last = until_ns or 0, until_ns or 0
    if len(exchanges):
        last = int(exchanges["remote_ns"][-1]), int(exchanges["received_ns"][-1])
    return ClockBounds.of_clock_that_went_back(Jump(last[0], last[0], -step_ns), last)


def _some_exchanges(run_dir: Path, share: int, clock: dict[str, Any]) -> Array:
    exchanges = load_exchanges(run_dir, share)
    if not len(exchanges):
        raise UsageError(
            f"{exchange_file(run_dir, share)} is missing or empty, so nothing is known of the clock of worker "
            f"{share + 1}: restore it from a copy, or measure again."
        )
    if not _are_those_of(exchanges, clock):
        raise UsageError(
            f"{exchange_file(run_dir, share)} does not hold what run.json says was heard of the clock of worker "
            f"{share + 1}: it is cut, altered or of another run; restore it from a copy, or measure again."
        )
    return exchanges


def _are_those_of(exchanges: Array, clock: dict[str, Any]) -> bool:
    """Whether the first and the last exchange that ``run.json`` knows of are there: a clock may jump after a cut."""
    sent, remote, received = (exchanges[name] for name in EXCHANGE_DTYPE.names or ())
    start, asked_ns = clock.get("start"), clock.get("asked_ns")
    if np.any(sent < 0) or np.any(received < sent) or np.any(received[:-1] > received[1:]):
        return False
    if start is not None and not ((remote - received == start[0]).any() and (remote - sent == start[1]).any()):
        return False
    return asked_ns is None or bool((received == asked_ns).any())


def all_exchanges(run_dir: Path, run: dict[str, Any]) -> Array:
    """Every exchange of the run, as it goes to ``clocks.parquet``."""
    parts = [np.zeros(0, dtype=CLOCK_DTYPE)]
    for process in run.get("manifest", {}).get("processes", ()):
        if process.get("role") == WORKER and process.get("clock"):
            exchanges = load_exchanges(run_dir, process["share"])
            rows = np.zeros(len(exchanges), dtype=CLOCK_DTYPE)
            for name in EXCHANGE_DTYPE.names or ():
                rows[name] = exchanges[name]
            rows["worker"] = process["share"]
            parts.append(rows)
    return np.concatenate(parts)


def widened(reads: Array, clocks: dict[int, ClockBounds], not_before_ns: int) -> Array:
    """The reads on the master's clock: each interval is moved outwards until it certainly holds the true one.

    ``not_before_ns`` is a moment before every read: when version 0 had been acknowledged, because reading only begins
    after that.
    """
    for worker, bounds in clocks.items():
        own = np.flatnonzero(reads["worker"] == worker)
        called = reads["called_ns"][own].copy()
        earliest = np.maximum(bounds.earliest(called), not_before_ns)
        returned = np.maximum(bounds.latest(reads["returned_ns"][own]), earliest)
        own_return = np.clip(bounds.earliest(reads["returned_ns"][own]), earliest, returned)
        late = called - reads["scheduled_ns"][own]
        if bounds.went_back:  # how long a read took is all that is known of it
            took = np.maximum(reads["returned_ns"][own] - called, 0)
            late, own_return = np.maximum(late, 0), np.minimum(earliest + took, returned)
        reads["scheduled_ns"][own] = np.maximum(earliest - late, 0)
        reads["called_ns"][own], reads["returned_ns"][own] = earliest, returned
        reads["widening_ns"][own] = returned - own_return
    return reads


def on_masters_clock(moments: Moments, worker: int, clocks: dict[int, ClockBounds]) -> Moments:
    """Moments of one worker where no interval is needed, on the axis of its reads' calls."""
    return np.maximum(clocks[worker].about(moments), 0) if worker in clocks else moments


def how_uncertain(clocks: dict[int, ClockBounds], reads: Array) -> dict[int, int]:
    """By worker: 99 % of its reads are moved outwards by at most so many nanoseconds."""
    widths = {worker: reads["widening_ns"][reads["worker"] == worker] for worker in clocks}
    return {worker: int(np.quantile(width, 0.99, method="higher")) for worker, width in widths.items() if len(width)}


def jumped(bounds: ClockBounds | None) -> str:
    """The end of a sentence about a clock that jumped; "" when it did not."""
    if bounds is None or not bounds.jumps:
        return ""
    first = bounds.jumps[0]
    direction = "ahead" if first.by_ns > 0 else "back"
    times = f" ({len(bounds.jumps):,} times)" if len(bounds.jumps) > 1 else ""
    return f"its clock jumped {direction} by {units.seconds(abs(first.by_ns))} or more while it read{times}"
