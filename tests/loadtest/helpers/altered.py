"""Histories made into others: what a target, a clock or a load generator might have done instead; for tests."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from loadtest.run.history.attendance import Attendance, Attendant
from loadtest.run.history.history import Column, Flags, History, Reads, Samples, nothing_of
from loadtest.run.history.run_info import RunInfo
from loadtest.run.records import GENERATOR_DTYPE, WindowKind

GATEWAY, CDN = "https://api.example/v1/samples", "https://cdn.example/v1/samples"
Table = TypeVar("Table", Reads, Samples)


def changed(history: History, **parts: Any) -> History:
    """The same run with other parts, and nothing measured of it yet."""
    return replace(history, **parts, _made={}, _being_made={})


def with_info(history: History, **said: Any) -> History:
    return changed(history, info=history.info.model_copy(update=said))


def with_settings(history: History, **settings: Any) -> History:
    return with_info(history, settings=history.info.settings.model_copy(update=settings))


def ended(info: RunInfo, **how: Any) -> RunInfo:
    return info.model_copy(update={"ended": info.ended.model_copy(update=how)})


def sampled(at_ns: Column, loop_delay_ns: int = 0) -> Samples:
    """Samples at these moments of a generator whose event loop woke so late each time, and used no CPU."""
    columns = {name: np.zeros(len(at_ns), dtype=np.int64) for name in GENERATOR_DTYPE.names or ()}
    return Samples(**{**columns, "at_ns": at_ns, "loop_delay_ns": np.full(len(at_ns), loop_delay_ns)})


def windows_of(history: History, kind: WindowKind) -> list[int]:
    return np.flatnonzero(history.windows.kind == kind).tolist()


def due_in(history: History, places: Iterable[int]) -> Flags:
    """Which reads were due in these windows."""
    due, windows = history.reads.scheduled_ns, history.windows
    inside = np.zeros(len(due), dtype=bool)
    for place in places:
        inside |= (due >= windows.start_ns[place]) & (due < windows.end_ns[place])
    return inside


def slower(history: History, times: float, which: Flags | bool = True) -> History:
    """The same run with response times, or those of some reads, that are so many times as long."""
    reads = history.reads
    took = reads.returned_ns - reads.scheduled_ns
    returned = reads.scheduled_ns + np.where(which, took * times, took).astype(np.int64)
    return changed(history, reads=replace(reads, returned_ns=np.maximum(returned, reads.called_ns)))


def from_afar(history: History, width_ns: int) -> History:
    """The same reads by a worker whose clock is known to ``width_ns``; the bound begins half as much too early."""
    reads, early = history.reads, width_ns // 2
    moved = {name: getattr(reads, name) - early for name in ("scheduled_ns", "called_ns", "returned_ns")}
    moved["returned_ns"] += width_ns
    return changed(history, reads=replace(reads, **moved, widening_ns=np.full(len(reads), width_ns)))


def together(first: Table, second: Table, marked: str) -> dict[str, Column]:
    """The columns of two tables; in the one that is ``marked`` the rows of the second have a 1."""
    rows = {name: (column, getattr(second, name)) for name, column in vars(first).items()}
    return {
        name: np.concatenate([one, np.ones_like(other) if name == marked else other])
        for name, (one, other) in rows.items()
    }


def reads_of_both(first: History, second: History, keep: float, marked: str) -> Reads:
    """The reads of two histories with the same writes, and of the second those of a part of its readers."""
    own = second.reads.chosen(second.reads.session <= np.quantile(np.unique(second.reads.session), keep))
    own = replace(own, session=own.session + first.reads.session.max() + 1)
    columns = together(first.reads, own, marked)
    order = np.argsort(columns["called_ns"], kind="stable")
    columns = {name: np.ascontiguousarray(column[order]) for name, column in columns.items()}
    return Reads(**{**columns, "widening_ns": nothing_of(np.int64, len(order))})


def workers_at(places: Iterable[str], end_ns: int) -> Attendance:
    """Workers, one at each place, of which each recorded all until the end."""
    names = list(places)
    processes = [
        Attendant(role="worker", share=share, shares=len(names), began=True, until_ns=end_ns, closed=True, place=place)
        for share, place in enumerate(names)
    ]
    return Attendance(processes=processes)


def at_two(info: RunInfo, weights: tuple[int, int] = (9, 1)) -> RunInfo:
    addresses = [{"url": url, "weight": weight} for url, weight in zip((GATEWAY, CDN), weights, strict=True)]
    return info.model_copy(update={"format": 3, "target": {**info.target, "addresses": addresses}})


def beside(first: History, second: History, keep: float = 1.0) -> History:
    """The reads of two histories with the same writes, those of the second at the CDN; of these a part of readers."""
    return changed(first, info=at_two(first.info), reads=reads_of_both(first, second, keep, "address"))


def from_two(
    first: History, second: History, keep: float = 1.0, places: tuple[str, str] = ("Oslo", "Tokyo")
) -> History:
    """The reads of two histories with the same writes; those of the second, or of a part, are Tokyo's."""
    reads = reads_of_both(first, second, keep, "worker")
    both = changed(first, reads=reads, samples=Samples(**together(first.samples, second.samples, "worker")))
    return with_info(both, attendance=workers_at(places, int(reads.returned_ns.max())))
