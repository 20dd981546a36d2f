"""Tables of the slowdown: while writing, during a PUT, by kind of answer, and what PUTs leave behind."""

from __future__ import annotations

from typing import Final

from loadtest import units
from loadtest.cleaned import clean
from loadtest.report.definitions import define
from loadtest.report.table import Column, Table
from loadtest.run.records import Verdict
from loadtest.summary.slowdown import AfterEffect, ImpactEstimate, LagEstimate
from loadtest.summary.summary import Summary

SLOWDOWN_COLUMNS: Final = (
    Column("compared at"),
    Column("slowdown", define("slowdown"), number=True),
    Column("95 % interval", define("95 % interval"), number=True),
    Column("rests on", "Pairs of windows, or writing windows, that could be compared.", number=True),
)


def slowdown_cells(estimate: ImpactEstimate) -> tuple[str, ...]:
    """The cells of an estimate under these columns."""
    return (
        estimate.quantile,
        units.ratio(estimate.ratio),
        _interval(estimate.low, estimate.high),
        units.count(estimate.pairs),
    )


def _interval(low: float | None, high: float | None) -> str:
    known = low is not None and high is not None
    return f"{units.ratio(low)} to {units.ratio(high)}" if known else units.NOTHING


def put_note(summary: Summary) -> str:
    """How slow the reads that were due during a PUT were, compared with the other reads of the writing windows."""
    rows = {row.population: row.response for row in summary.latency.rows}
    during, clear = rows.get("overlapping-put"), rows.get("clear-of-put")
    if not during or not clear or during.p99_ns is None or clear.p99_ns is None:
        return ""
    text = (
        f"In the writing windows, reads that were due while a PUT was in flight had a p99 of "
        f"{units.duration(during.p99_ns)}, the others {units.duration(clear.p99_ns)}"
    )
    slowest = summary.latency.slowest
    if slowest is None:
        return f"{text}."
    met, due = slowest.overlapping / slowest.count, slowest.due_during / slowest.count
    text += (
        f". Of the slowest percent ({units.counted(slowest.count, 'read')}), {units.share(met)} were under way while a "
        f"PUT was in flight and {units.share(due)} were due during one; of all reads there, "
        f"{units.share(slowest.overlapping_share_of_all)} were under way during one."
    )
    if any(estimate.verdict is Verdict.FAIL for estimate in summary.impact.estimates):
        text += _cause(met, due)
    return text


def _cause(met: float, due: float) -> str:
    """Where the slowest reads come from, by the shares of them that met a PUT or were due during one; "" if unclear."""
    if due >= _MOST:
        return " So the slowest reads come during the PUTs."
    if met - due >= _MOST:
        return " So the slowest reads were due just before a PUT, and were caught by it."
    return " So the slowest reads come between the PUTs, and not from meeting one." if met <= 1 - _MOST else ""


_MOST: Final = 0.75


NOT_JUDGED: Final = (
    "For finding the cause only: it does not count for the answer. A lower bound: seen from here, a PUT begins before "
    "it reaches the store and ends after it has left, and the other reads of the same writing window, with which these "
    "are compared, may be slowed down themselves."
)


def _title(summary: Summary) -> str:
    if summary.impact.basis == "publications":
        return "Near publications of somebody else against just before"
    return f"Writing windows against {'the end of rests' if summary.impact.basis == 'rests' else 'quiet windows'}"


def impact_tables(summary: Summary) -> tuple[Table, Table]:
    """Writing windows against quiet ones, and reads that meet a PUT against those that do not."""
    impact = summary.impact
    return (
        Table(
            "impact",
            _title(summary),
            (*SLOWDOWN_COLUMNS, Column("verdict")),
            tuple((*slowdown_cells(estimate), estimate.verdict.value) for estimate in impact.estimates),
            "This run had no pairs of quiet and writing windows, so there is nothing to compare.",
            f"{clean(impact.method)} Tolerated: up to {units.ratio(impact.tolerance)}.",
        ),
        Table(
            "overlap",
            "Reads that were due during a PUT against reads of the same window that were not",
            SLOWDOWN_COLUMNS,
            tuple(slowdown_cells(estimate) for estimate in impact.overlap),
            "Too few reads were due during a PUT, so there is nothing to compare.",
            f"{NOT_JUDGED} {put_note(summary)}".strip(),
        ),
    )


def kinds_table(summary: Summary) -> Table:
    impact = summary.impact
    rows = [
        (f"answered {kind.kind}", *slowdown_cells(estimate), estimate.verdict.value)
        for kind in impact.kinds
        for estimate in kind.estimates
    ]
    felt = "all together: what visitors feel"
    rows += [(felt, *slowdown_cells(estimate), "does not count") for estimate in impact.felt]
    notes = [f"Answered {kind.kind}: {kind.note}." for kind in impact.kinds if kind.note]
    return Table(
        "kinds",
        "By kind of answer",
        (Column("reads"), *SLOWDOWN_COLUMNS, Column("verdict")),
        tuple(rows),
        "All answers were of one kind.",
        clean(" ".join([*([impact.mix.sentence] if impact.mix else []), *notes])),
    )


OPENING: Final = "before the first PUT"
UNTOUCHED: Final = "untouched level"


def after_table(summary: Summary) -> Table:
    """Response time by the time since the last PUT, against the untouched level."""
    after = summary.impact.after
    columns = (
        Column("due"),
        Column("compared at"),
        Column("times the untouched level", number=True),
        Column(
            "interval",
            "At 95 % for all rows together, and again for all rows of a kind of answer; over rests.",
            number=True,
        ),
        Column("reads", number=True),
        Column("verdict"),
    )
    empty = "This run had too few rests to tell what PUTs leave behind, or wrote nothing."
    title = "How reads follow the last PUT, in rests"
    if after is None:
        return Table("after-put", title, columns, (), empty)
    rows = [
        _lag_cells(f"{span(lag)} after a PUT{f', answered {lag.kind}' if lag.kind else ''}", lag) for lag in after.lags
    ]
    if after.opening is not None:
        name = f"{UNTOUCHED}, against that {OPENING}"
        rows.append(_lag_cells(name, after.opening))
    rows += [
        (f"while writing, against the {UNTOUCHED}", *slowdown_cells(one)[:3], units.NOTHING, one.verdict.value)
        for one in after.writing
    ]
    return Table("after-put", title, columns, tuple(rows), empty, clean(_note(after)))


def _lag_cells(name: str, lag: LagEstimate) -> tuple[str, ...]:
    interval = _interval(lag.low, lag.high)
    return (name, lag.quantile, units.ratio(lag.ratio), interval, units.count(lag.reads), lag.verdict.value)


def span(lag: LagEstimate) -> str:
    return f"{units.seconds(lag.from_ns)} to {units.seconds(lag.to_ns)}"


def _note(after: AfterEffect) -> str:
    levels = ", ".join(
        f"{name} {units.duration(value)}"
        for name, value in zip(("p50", "p90", "p99"), after.untouched_ns, strict=True)
        if value is not None
    )
    return (
        f"From {units.counted(after.rests, 'rest')} of {units.seconds(after.rest_ns)}. Untouched level, at their end: "
        f"{levels}. What lasts longer than a rest is only seen against the rest {OPENING}; what lasts longer than that "
        "is not seen."
    )
