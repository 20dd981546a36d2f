"""The runs of a trend in their order: which are comparable, and what changed between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Final

from loadtest.compare.alike import MUST_BE_ALIKE, addresses, text_of
from loadtest.errors import UsageError
from loadtest.run.addresses import object_numbers
from loadtest.summary.summary import Run, Summary
from loadtest.trend.records import RunPoint
from loadtest.units import SECOND
from stacks.user_input import shown

_MACHINE: Final = ("cores", "machine", "system", "cpus")
_LONG: Final = 4
_LEAST_GAP_S: Final = 86_400


def in_order(summaries: Iterable[Summary]) -> tuple[Summary, ...]:
    """The runs by the time at which they began; a run that was given twice counts once.

    Raises:
        UsageError: a run does not tell when it began.
    """
    by_id = {summary.run.id: summary for summary in summaries}
    return tuple(sorted(by_id.values(), key=lambda summary: _began(summary.run)))


def _began(run: Run) -> datetime:
    try:
        return _time(run.started)
    except (ValueError, OverflowError):
        raise UsageError(
            f"The run {shown(run.id)} began at {shown(run.started)}, which is not a time: leave it out."
        ) from None


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)


def points(summaries: Sequence[Summary]) -> tuple[RunPoint, ...]:
    kinds = [_kind(summary) for summary in summaries]
    groups = list(dict.fromkeys(kinds))
    gaps = _gaps([_began(summary.run) for summary in summaries])
    differs = ["", *(_differences(before, after) for before, after in pairwise(kinds))]
    return tuple(
        RunPoint(
            summary.run.id,
            summary.run.started,
            source.label if (source := summary.run.source) else "",
            source.commit if source else "",
            source.branch if source else "",
            summary.verdict,
            groups.index(kind),
            gap,
            different,
        )
        for summary, kind, gap, different in zip(summaries, kinds, gaps, differs, strict=True)
    )


Kind = tuple[tuple[str, str], ...]
"""What must be the same in two runs for their numbers to be comparable: settings, kind of target, machine."""


def _kind(summary: Summary) -> Kind:
    run = summary.run
    settings = [(name.replace("_", " "), text_of(run.settings.get(name))) for name in MUST_BE_ALIKE]
    machine = [(f"machine's {name}", text_of(run.host.get(name))) for name in _MACHINE]
    objects = len(set(object_numbers(run.target))) or 1
    parts = (
        ("addresses", str(addresses(run))),
        ("objects", str(objects)),
        ("places", str(max(1, len(summary.places)))),
    )
    return (*settings, ("kind of target", text_of(run.target.get("kind"))), *parts, *machine)


def _differences(before: Kind, after: Kind) -> str:
    return ", ".join(
        f"{name} ({old} before, {new} now)" for (name, old), (_, new) in zip(before, after, strict=True) if old != new
    )


def _gaps(times: Sequence[datetime]) -> list[int | None]:
    """Before each run: for how long there was none, if that is at least a day and four times as long as usual."""
    waits = [(after - before).total_seconds() for before, after in pairwise(times)]
    usual = median(waits) if waits else 0.0
    long = max(_LEAST_GAP_S, _LONG * usual)
    return [None, *(round(wait * SECOND) if wait > long else None for wait in waits)]


def moment(point: RunPoint) -> str:
    """When a run began, to the minute."""
    return f"{_time(point.started):%Y-%m-%d %H:%M} UTC"


def short_name(point: RunPoint) -> str:
    """A run in a table, in which its time has a column: its label and its commit."""
    return " ".join(filter(None, (point.label, point.commit[:10]))) or point.run


def name_of(point: RunPoint) -> str:
    """A run in a sentence: by its label, or its commit, or its time."""
    commit = f"commit {point.commit[:10]}" if point.commit else f"run {point.run}"
    return f"{point.label} ({commit})" if point.label else f"{commit} of {moment(point)}"
