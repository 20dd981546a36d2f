"""The table of windows: what was read and written in each, and whether it was used."""

from __future__ import annotations

from typing import Final

from loadtest import units
from loadtest.cleaned import clean
from loadtest.report.definitions import define
from loadtest.report.table import Column, Shown, Table, number, quantile, table_of
from loadtest.summary.speed import WindowRow
from loadtest.summary.summary import Summary


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
