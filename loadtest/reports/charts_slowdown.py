"""Charts of the slowdown while writing: a dot and its interval at each quantile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import altair as alt

from loadtest import units
from loadtest.measurements import ImpactEstimate
from loadtest.reports.chart_style import Chart, Key, colour, data, finish, tooltips
from loadtest.reports.tables_speed import NOT_JUDGED, put_note
from loadtest.summary import Summary, Verdict

_VERDICT_COLOUR: Final = {Verdict.PASS: "pass", Verdict.FAIL: "fail", Verdict.INCONCLUSIVE: "unsure"}


def slowdown(summary: Summary) -> Chart:
    """The slowdown at each quantile with its interval, over pairs of windows."""
    empty = "This run had too few pairs of quiet and writing windows, so no slowdown can be shown."
    axis = ["response time while writing", "÷ while quiet"]
    return _ratios(
        Chart("slowdown", "Slowdown while writing", "", empty=empty), axis, summary, summary.impact.estimates
    )


def slowdown_during_put(summary: Summary) -> Chart:
    """The slowdown of reads that were due during a PUT, which is not judged."""
    empty = "Too few reads were under way during a PUT to compare them with the others."
    axis = ["response time of reads due during a PUT", "÷ of the others in the same writing window"]
    chart = Chart("slowdown-during-put", "For finding the cause: reads that were due during a PUT", "", empty=empty)
    drawn = _ratios(chart, axis, summary, summary.impact.overlap, judged=False)
    return replace(drawn, how_to_read=f"{NOT_JUDGED} {put_note(summary)}".strip()) if drawn.spec else drawn


def _ratios(
    chart: Chart, axis_title: list[str], summary: Summary, estimates: Sequence[ImpactEstimate], judged: bool = True
) -> Chart:
    known = [estimate for estimate in estimates if estimate.ratio is not None]
    if not known:
        return chart
    tolerance = summary.impact.tolerance
    rows: list[dict[str, Any]] = [
        {
            # The value stands beside the quantile: beside its dot it would lie on the lines.
            "quantile": f"{estimate.quantile}: {units.ratio(estimate.ratio)}",
            "ratio": estimate.ratio,
            "low": estimate.low if estimate.low is not None else estimate.ratio,
            "high": estimate.high if estimate.high is not None else estimate.ratio,
            "shade": colour(_VERDICT_COLOUR[estimate.verdict] if judged else "quiet"),
            "text": units.ratio(estimate.ratio),
            "interval": f"{units.ratio(estimate.low)} to {units.ratio(estimate.high)}",
            "verdict": estimate.verdict.value if judged else "does not count",
        }
        for estimate in known
    ]
    ends = [value for row in rows for value in (row["low"], row["high"])] + ([1.0, tolerance] if judged else [1.0])
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
    marks = [{"ratio": 1.0, "kind": "none"}, {"ratio": tolerance, "kind": "tolerated"}]
    lines = alt.Chart(data(marks if judged else marks[:1]))
    dash = alt.StrokeDash("kind:N", scale=alt.Scale(domain=["none", "tolerated"], range=[[1, 0], [5, 4]]), legend=None)
    layers = (
        lines.mark_rule(color=colour("ink"), strokeWidth=1.5).encode(x=x, strokeDash=dash),
        base.mark_rule(strokeWidth=5, opacity=0.55, strokeCap="round").encode(
            x=alt.X("low:Q"), x2="high:Q", y=y, color=shade_of, tooltip=tooltips(shown)
        ),
        base.mark_point(filled=True, size=110, opacity=1).encode(x=x, y=y, color=shade_of, tooltip=tooltips(shown)),
    )
    text = (
        "Dot: measured slowdown. Bar: its 95 % interval. It passes when the whole bar lies left of the tolerated "
        "limit (green: slower perhaps, but tolerated), fails when the whole bar lies right of it, and is INCONCLUSIVE "
        "when the bar spans it."
    )
    keys: tuple[Key, ...] = (Key("no difference (1.00x)", "ink", "tick"),)
    if judged:
        keys += (Key(f"tolerated ({units.ratio(tolerance)})", "ink", "tick dashed"),)
    return replace(chart, how_to_read=text, keys=keys, spec=finish(alt.layer(*layers), 44 * len(rows) + 20))
