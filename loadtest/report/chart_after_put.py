"""Chart of what PUTs leave behind: response time by the time since the last PUT, beside the untouched level."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from loadtest import units
from loadtest.report.chart_style import Chart, Key, colour, finish, tooltips
from loadtest.report.tables_slowdown import span
from loadtest.report.vega_lite import channel, data
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary

_COLOUR: Final = {Verdict.PASS: "pass", Verdict.FAIL: "fail", Verdict.INCONCLUSIVE: "unsure"}


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
            "shade": colour(_COLOUR[lag.verdict]),
            "text": units.ratio(lag.ratio),
            "interval": f"{units.ratio(lag.low)} to {units.ratio(lag.high)}",
            "reads": units.count(lag.reads),
        }
        for lag in lags
    ]
    ends = [value for row in rows for value in (row["low"], row["high"])] + [1.0, tolerance]
    room = (max(ends) - min(ends)) * 0.08
    x = channel(
        "ratio:Q",
        title=["p50 of the reads due so long after the last PUT", "÷ of those at the end of the rest"],
        scale={"domain": [min(ends) - room, max(ends) + room], "nice": False, "zero": False},
        axis={"format": ".2f", "tickCount": 6},
    )
    y = channel("lag:N", title=None, sort=None, axis={"labelFontSize": 13, "labelColor": colour("ink")})
    tooltip = [
        ("lag", "after a PUT"),
        ("text", "times the untouched level"),
        ("interval", "interval"),
        ("reads", "reads"),
    ]
    base = data(rows)
    shade = channel("shade:N", scale=None)
    marks = data([{"ratio": 1.0, "kind": "none"}, {"ratio": tolerance, "kind": "tolerated"}])
    dash = channel("kind:N", scale={"domain": ["none", "tolerated"], "range": [[1, 0], [5, 4]]}, legend=None)
    layers = (
        marks.mark("rule", color=colour("ink"), strokeWidth=1.5).encode(x=x, strokeDash=dash),
        base.mark("rule", strokeWidth=5, opacity=0.55, strokeCap="round").encode(
            x=channel("low:Q"), x2="high", y=y, color=shade, tooltip=tooltips(tooltip)
        ),
        base.mark("point", filled=True, size=110, opacity=1).encode(x=x, y=y, color=shade, tooltip=tooltips(tooltip)),
    )
    text = (
        "In rests nothing is written for several windows after a writing one. Dot: response time so long after the "
        "last PUT, beside that at the end of the rest. Bar: its interval, at 95 % for all lags together. A bar right "
        "of 1.00x: a PUT leaves something behind for so long."
    )
    keys = (
        Key("untouched level (1.00x)", "ink", "tick"),
        Key(f"tolerated ({units.ratio(tolerance)})", "ink", "tick dashed"),
    )
    return replace(chart, how_to_read=text, keys=keys, spec=finish(layers, 36 * len(rows) + 20))
