"""Tables of speed: latency, the slowdown while writing, and the windows that it was measured in."""

from __future__ import annotations

from typing import Final, Literal

from loadtest import units
from loadtest.cleaned import clean
from loadtest.report.definitions import define
from loadtest.report.table import QUANTILE_COLUMNS, Column, Shown, Table, number, quantile, quantile_cells, table_of
from loadtest.report.tables_slowdown import SLOWDOWN_COLUMNS, slowdown_cells
from loadtest.run.records import Verdict
from loadtest.summary.speed import LatencyRow, WindowRow
from loadtest.summary.summary import Summary

_LATENCY_COLUMNS = (Column("reads"), Column("how many", number=True), *QUANTILE_COLUMNS)


def _latency_rows(summary: Summary, time: Literal["response", "service"]) -> tuple[tuple[str, ...], ...]:
    paused = [one for one in summary.generator.paused_quantiles if one.time == time]

    def cells(row: LatencyRow) -> tuple[str, ...]:
        quantiles = row.response if time == "response" else row.service
        marked = {one.quantile for one in paused if one.population == row.population}
        return (row.label, units.count(quantiles.count), *quantile_cells(quantiles, marked))

    return tuple(cells(row) for row in summary.latency.rows if row.response.count)


def _pause_note(summary: Summary, time: str) -> str:
    if not any(one.time == time for one in summary.generator.paused_quantiles):
        return ""
    return f" † {summary.generator.pause_sentence}"


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


def latency_tables(summary: Summary) -> tuple[Table, Table]:
    pooled = ""
    if summary.impact.pairs_used:
        pooled = (
            " Each row takes all its reads together; the slowdown is the typical ratio of the pairs of windows, so the "
            "quotient of two rows differs a little from it."
        )
    empty = "No read succeeded, so there is no latency to show."
    return (
        Table(
            "response-time",
            "Response time",
            _LATENCY_COLUMNS,
            _latency_rows(summary, "response"),
            empty,
            define("response time") + pooled + _pause_note(summary, "response"),
        ),
        Table(
            "service-time",
            "Service time",
            _LATENCY_COLUMNS,
            _latency_rows(summary, "service"),
            empty,
            define("service time") + _pause_note(summary, "service"),
        ),
    )


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


def _paused(summary: Summary, window: WindowRow) -> str:
    """The note for a window in which the load generator paused; "" for others."""
    delays = [
        pause.delay_ns
        for pause in summary.generator.pauses
        if pause.at_ns <= window.end_ns and pause.at_ns + pause.delay_ns >= window.start_ns
    ]
    return f"; the load generator paused for {units.duration(max(delays))} †" if delays else ""


MOST_WINDOWS: Final = 200
"""So many windows are listed; ``summary.json`` has all of them."""


def windows_table(summary: Summary) -> Table:
    """Every window that was recorded, as it was used."""
    shown = (
        number("window", lambda window: units.count(window.index), define("window")),
        number("pair", lambda window: units.count(window.pair) if window.pair >= 0 else "none"),
        Shown(Column("kind"), lambda window: window.kind),
        Shown(
            Column("when", "Since the start of the run."),
            lambda window: f"{units.seconds(window.start_ns)} to {units.seconds(window.end_ns)}",
        ),
        number("reads", lambda window: units.count(window.reads)),
        number("PUTs", lambda window: units.count(window.puts), define("PUT")),
        *map(quantile, ("p50", "p90", "p99")),
        Shown(
            Column("used", "Whether it is used; if not, why."),
            lambda window: clean(window.dropped) or f"yes{_paused(summary, window)}",
        ),
    )
    empty = "This run had no windows: the writer wrote all the time, or the run was too short for one."
    note = clean(summary.impact.windows_note)
    if len(summary.impact.windows) > MOST_WINDOWS:
        note = f"{note} The first {MOST_WINDOWS} are shown here; the others are in summary.json.".strip()
    return table_of("windows", "Windows", shown, summary.impact.windows[:MOST_WINDOWS], empty, note)
