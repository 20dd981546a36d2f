"""Charts of the slowdown: a dot and its interval at each quantile, around a PUT, and by the time since the last PUT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from loadtest import units
from loadtest.report.chart_style import Chart, Key, colour, finish, logarithmic, milliseconds, ms, tooltips
from loadtest.report.tables_slowdown import NOT_JUDGED, put_note, span
from loadtest.report.vega_lite import Spec, channel, data
from loadtest.run.records import Verdict
from loadtest.summary.slowdown import ImpactEstimate
from loadtest.summary.summary import Summary
from loadtest.units import MILLISECOND

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


def since_put(summary: Summary) -> Chart:
    """Response time of reads that were due shortly before a PUT, during it, and after."""
    points = summary.latency.since_put
    chart_id, title = "since-put", "For finding the cause: response time around a PUT"
    if len(points) < _LEAST_POINTS:
        return Chart(
            chart_id, title, "", empty="Too few reads were made between PUTs to tell how their times follow one."
        )
    rows: list[dict[str, Any]] = [
        {
            "at": (point.from_ns + point.to_ns) / 2 / MILLISECOND,
            "p50": ms(point.p50_ns),
            "p99": ms(point.p99_ns),
            "when": f"{units.duration(point.from_ns)} to {units.duration(point.to_ns)}",
            "p50_text": units.duration(point.p50_ns),
            "p99_text": units.duration(point.p99_ns),
            "reads": units.count(point.reads),
        }
        for point in points
    ]
    scale = logarithmic([row[name] for row in rows for name in ("p50", "p99")])
    ends = [points[0].from_ns / MILLISECOND, points[-1].to_ns / MILLISECOND]
    domain = {"domain": ends, "nice": False}
    x = channel(
        "at:Q",
        title=["ms from the sending of a PUT to when a read", "was due (negative: due before it)"],
        scale=domain,
        axis={"grid": False},
    )
    tooltip = [("when", "from the sending of the PUT"), ("p50_text", "p50"), ("p99_text", "p99"), ("reads", "reads")]
    base = data(rows)
    layers = [
        base.mark("line", color=colour(shade), strokeWidth=2, point={"size": 30, "color": colour(shade)}).encode(
            x=x, y=milliseconds(name, "response time", scale), tooltip=tooltips(tooltip)
        )
        for name, shade in (("p99", "series-high"), ("p50", "series-low"))
    ]
    keys: tuple[Key, ...] = (Key("p50", "series-low"), Key("p99", "series-high"), Key("a PUT is sent", "ink", "tick"))
    layers.append(data([{"at": 0}]).mark("rule", color=colour("ink"), strokeWidth=1.5).encode(x=x))
    took = sorted(write.put_ns for write in summary.consistency.windows)
    if took and took[len(took) // 2] < points[-1].to_ns:
        usual = took[len(took) // 2]
        mark = data([{"at": usual / MILLISECOND}]).mark("rule", color=colour("writing"), strokeDash=[5, 4])
        layers.append(mark.encode(x=x))
        keys += (Key(f"a PUT is usually over ({units.duration(usual)})", "writing", "tick dashed"),)
    text = (
        "Reads in writing windows. Slow left of 0: reads that were under way already are caught by a PUT. Slow between "
        "0 and its end: reads that are due during it wait for it. Slow further right: it leaves something behind. "
        "Level: it makes no difference. It does not count for the answer."
    )
    return Chart(chart_id, title, text, keys, finish(layers, 200))


def after_put(summary: Summary) -> Chart:
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
            "shade": colour(_VERDICT_COLOUR[lag.verdict]),
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
    spec = _ratios_with_intervals(rows, "lag", title, tolerance, tooltip, step=36)
    return replace(chart, how_to_read=text, keys=keys, spec=spec)


_LEAST_POINTS: Final = 4


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
    tooltip = [("quantile", "at"), ("text", "slowdown"), ("interval", "95 % interval"), ("verdict", "verdict")]
    text = (
        "Dot: measured slowdown. Bar: its 95 % interval. It passes when the whole bar lies left of the tolerated "
        "limit (green: slower perhaps, but tolerated), fails when the whole bar lies right of it, and is INCONCLUSIVE "
        "when the bar spans it."
    )
    keys: tuple[Key, ...] = (Key("no difference (1.00x)", "ink", "tick"),)
    if judged:
        keys += (Key(f"tolerated ({units.ratio(tolerance)})", "ink", "tick dashed"),)
    limit = tolerance if judged else None
    spec = _ratios_with_intervals(rows, "quantile", axis_title, limit, tooltip, step=44)
    return replace(chart, how_to_read=text, keys=keys, spec=spec)


def _ratios_with_intervals(  # noqa: PLR0917 - what such a chart is made of
    rows: Sequence[dict[str, Any]],
    name: str,
    title: list[str],
    limit: float | None,
    tooltip: Sequence[tuple[str, str]],
    step: int,
) -> Spec:
    """Dots with bars, one row a ratio, beside a line at 1 and, if there is one, a dashed line at the limit."""
    marks: list[dict[str, Any]] = [
        {"ratio": 1.0, "kind": "none"},
        *([] if limit is None else [{"ratio": limit, "kind": "tolerated"}]),
    ]
    ends = [value for row in rows for value in (row["low"], row["high"])] + [mark["ratio"] for mark in marks]
    room = (max(ends) - min(ends)) * 0.08
    x = channel(
        "ratio:Q",
        title=title,
        scale={"domain": [min(ends) - room, max(ends) + room], "nice": False, "zero": False},
        axis={"format": ".2f", "tickCount": 6},
    )
    y = channel(f"{name}:N", title=None, sort=None, axis={"labelFontSize": 13, "labelColor": colour("ink")})
    shade = channel("shade:N", scale=None)
    dash = channel("kind:N", scale={"domain": ["none", "tolerated"], "range": [[1, 0], [5, 4]]}, legend=None)
    base = data(rows)
    layers = (
        data(marks).mark("rule", color=colour("ink"), strokeWidth=1.5).encode(x=x, strokeDash=dash),
        base.mark("rule", strokeWidth=5, opacity=0.55, strokeCap="round").encode(
            x=channel("low:Q"), x2="high", y=y, color=shade, tooltip=tooltips(tooltip)
        ),
        base.mark("point", filled=True, size=110, opacity=1).encode(x=x, y=y, color=shade, tooltip=tooltips(tooltip)),
    )
    return finish(layers, step * len(rows) + 20)
