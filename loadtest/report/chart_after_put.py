"""Chart of what PUTs leave behind: response time by the time since the last PUT, against the untouched level."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loadtest import units
from loadtest.report.chart_style import Chart, Key, colour
from loadtest.report.charts_slowdown import VERDICT_COLOUR, ratios_with_intervals
from loadtest.report.tables_slowdown import span
from loadtest.summary.summary import Summary


def after_put(summary: Summary) -> Chart:
    """The median by lag, with intervals over rests."""
    after, tolerance = summary.impact.after, summary.impact.tolerance
    chart = Chart(
        "after-put",
        "What PUTs leave behind",
        "",
        empty="This run had too few rests to tell what PUTs leave behind, or wrote nothing.",
    )
    lags = [lag for lag in after.lags if lag.quantile == "p50" and not lag.kind] if after else []
    if not lags:
        return chart
    rows: list[dict[str, Any]] = [
        {
            "lag": span(lag),
            "ratio": lag.ratio,
            "low": lag.low,
            "high": lag.high,
            "shade": colour(VERDICT_COLOUR[lag.verdict]),
            "text": units.ratio(lag.ratio),
            "interval": f"{units.ratio(lag.low)} to {units.ratio(lag.high)}",
            "reads": units.count(lag.reads),
        }
        for lag in lags
    ]
    tooltip = [
        ("lag", "after a PUT"),
        ("text", "times the untouched level"),
        ("interval", "interval"),
        ("reads", "reads"),
    ]
    title = ["p50 of the reads due so long after the last PUT", "÷ of those at the end of the rest"]
    text = (
        "In rests nothing is written for several windows after a writing one. Dot: response time so long after the "
        "last PUT, divided by that at the end of the rest. Bar: its interval, at 95 % for all lags together. A bar "
        "right of 1.00x: a PUT leaves something behind for so long."
    )
    keys = (
        Key("untouched level (1.00x)", "ink", "tick"),
        Key(f"tolerated ({units.ratio(tolerance)})", "ink", "tick dashed"),
    )
    spec = ratios_with_intervals(rows, "lag", title, tolerance, tooltip, step=36)
    return replace(chart, how_to_read=text, keys=keys, spec=spec)
