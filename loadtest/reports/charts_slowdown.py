"""Charts of the slowdown while writing: a dot and its interval at each quantile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import altair as alt

from loadtest import units
from loadtest.measurements import ImpactEstimate
from loadtest.reports.chart_style import Chart, Key, colour, data, finish, label_style, tooltips
from loadtest.summary import Summary, Verdict

_VERDICT_COLOUR: Final = {Verdict.PASS: "pass", Verdict.FAIL: "fail", Verdict.INCONCLUSIVE: "unsure"}


def slowdown(summary: Summary) -> Chart:
    """The slowdown at each quantile with its interval, over pairs of windows."""
    empty = "This run had too few pairs of quiet and writing windows, so no slowdown can be shown."
    axis = "response time while writing ÷ while quiet"
    return _ratios(
        Chart("slowdown", "Slowdown while writing", "", empty=empty), axis, summary, summary.impact.estimates
    )


def slowdown_during_put(summary: Summary) -> Chart:
    """The slowdown of reads that met a PUT."""
    empty = "Too few reads were under way during a PUT to compare them with the others."
    axis = "response time during a PUT ÷ at other times"
    chart = Chart("slowdown-during-put", "Slowdown of reads that were due during a PUT", "", empty=empty)
    return _ratios(chart, axis, summary, summary.impact.overlap)


def _ratios(chart: Chart, axis_title: str, summary: Summary, estimates: Sequence[ImpactEstimate]) -> Chart:
    known = [estimate for estimate in estimates if estimate.ratio is not None]
    if not known:
        return chart
    tolerance = summary.impact.tolerance
    rows: list[dict[str, Any]] = [
        {
            "quantile": estimate.quantile,
            "ratio": estimate.ratio,
            "low": estimate.low if estimate.low is not None else estimate.ratio,
            "high": estimate.high if estimate.high is not None else estimate.ratio,
            "shade": colour(_VERDICT_COLOUR[estimate.verdict]),
            "text": units.ratio(estimate.ratio),
            "interval": f"{units.ratio(estimate.low)} to {units.ratio(estimate.high)}",
            "verdict": estimate.verdict.value,
        }
        for estimate in known
    ]
    ends = [value for row in rows for value in (row["low"], row["high"])] + [1.0, tolerance]
    room = (max(ends) - min(ends)) * 0.08
    x = alt.X(
        "ratio:Q",
        title=axis_title,
        scale=alt.Scale(domain=[min(ends) - room, max(ends) + room], nice=False, zero=False),
        axis=alt.Axis(format=".2f", tickCount=6),
    )
    y = alt.Y("quantile:N", title=None, sort=None, axis=alt.Axis(labelFontSize=13, labelColor=colour("ink")))
    shade_of = alt.Color("shade:N", scale=None)
    shown = [("quantile", "at"), ("text", "slowdown"), ("interval", "95 % interval"), ("verdict", "verdict")]
    base = alt.Chart(data(rows))
    lines = alt.Chart(data([{"ratio": 1.0, "kind": "none"}, {"ratio": tolerance, "kind": "tolerated"}]))
    dash = alt.StrokeDash("kind:N", scale=alt.Scale(domain=["none", "tolerated"], range=[[1, 0], [5, 4]]), legend=None)
    layers = (
        lines.mark_rule(color=colour("ink"), strokeWidth=1.5).encode(x=x, strokeDash=dash),
        base.mark_rule(strokeWidth=5, opacity=0.55, strokeCap="round").encode(
            x=alt.X("low:Q"), x2="high:Q", y=y, color=shade_of, tooltip=tooltips(shown)
        ),
        base.mark_point(filled=True, size=110, opacity=1).encode(x=x, y=y, color=shade_of, tooltip=tooltips(shown)),
        base.mark_text(**label_style(dy=-14)).encode(x=x, y=y, text="text:N"),
    )
    text = (
        "Dot: measured slowdown. Bar: its 95 % interval. It passes when the whole bar lies left of the tolerated "
        "limit, fails when the whole bar lies right of it, and is undecided when the bar spans it."
    )
    keys = (
        Key("no difference (1.00x)", "ink", "tick"),
        Key(f"tolerated ({units.ratio(tolerance)})", "ink", "tick dashed"),
    )
    return replace(chart, how_to_read=text, keys=keys, spec=finish(alt.layer(*layers), 44 * len(rows) + 20))
