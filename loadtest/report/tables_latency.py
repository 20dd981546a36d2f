"""Tables of latency: response times and service times, by what was going on."""

from __future__ import annotations

from typing import Literal

from loadtest import units
from loadtest.report.definitions import define
from loadtest.report.table import QUANTILE_COLUMNS, Column, Table, quantile_cells
from loadtest.summary.speed import LatencyRow
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
