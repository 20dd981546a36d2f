"""Charts of speed: latency over time, its distribution, and the slowdown while writing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

import altair as alt

from loadtest import units
from loadtest.measurements import ImpactEstimate, Quantiles
from loadtest.reports.chart_style import (
    Chart,
    Key,
    colour,
    data,
    finish,
    hover,
    label_style,
    logarithmic,
    milliseconds,
    ms,
    s,
    time_axis,
    tooltips,
)
from loadtest.summary import Summary, Verdict

_RESPONSE: Final = "response time"
VERDICT_COLOUR: Final = {Verdict.PASS: "pass", Verdict.FAIL: "fail", Verdict.INCONCLUSIVE: "unsure"}


def latency_over_time(summary: Summary) -> Chart:
    """p50 and p99 a bucket, writing windows shaded, PUTs marked."""
    series = summary.latency.series
    chart_id, title = "latency-over-time", "Response time during the run"
    if not any(value is not None for value in series.p50_ns):
        return Chart(chart_id, title, "", empty="No read succeeded, so there is no latency to show over time.")
    bucket = units.seconds(series.bucket_ns)
    x = time_axis(_end_ns(summary))
    rows: list[dict[str, Any]] = [
        {
            "at": s(start),
            "until": s(start + series.bucket_ns),
            "middle": s(start + series.bucket_ns // 2),
            "p50": ms(p50),
            "p99": ms(p99),
            "t": units.seconds(start),
            "p50_text": units.duration(p50),
            "p99_text": units.duration(p99),
            "max_text": units.duration(longest),
        }
        for start, p50, p99, longest in zip(series.start_ns, series.p50_ns, series.p99_ns, series.max_ns, strict=True)
    ]
    scale = logarithmic([row[name] for row in rows for name in ("p50", "p99")])
    layers = [_writing_shade(summary, x), _put_marks(summary, x)]
    for name, shade in (("p99", "series-high"), ("p50", "series-low")):
        layers += _labelled_line([row for row in rows if row[name] is not None], name, shade, scale)
    shown = (("t", "from"), ("p50_text", "p50"), ("p99_text", "p99"), ("max_text", "slowest"))
    layers.append(hover(rows, shown, x))
    keys = [
        Key(f"p50 of each {bucket}", "series-low"),
        Key(f"p99 of each {bucket}", "series-high"),
    ]
    if summary.impact.windows:
        keys.append(Key("writing windows", "shade", "area"))
    if summary.consistency.windows:
        keys.append(Key("a PUT", "writing", "tick"))
    text = (
        "If writing slowed reads down, the lines would rise wherever the background is shaded. The vertical scale is "
        "logarithmic: every step up is a multiple. Of fewer than 100 reads, the p99 is the slowest."
    )
    layered = alt.layer(*[layer for layer in layers if layer is not None])
    return Chart(chart_id, title, text, tuple(keys), finish(layered, 260))


def _end_ns(summary: Summary) -> int:
    series = summary.latency.series
    last = series.start_ns[-1] + series.bucket_ns if series.start_ns else 0
    return max(last, summary.run.duration_ns, 1)


def _writing_shade(summary: Summary, x: Any) -> Any:
    windows = [window for window in summary.impact.windows if window.kind == "writing"]
    if not windows:
        return None
    rows = [{"at": s(window.start_ns), "until": s(window.end_ns)} for window in windows]
    return alt.Chart(data(rows)).mark_rect(color=colour("shade")).encode(x=x, x2="until:Q")


def _put_marks(summary: Summary, x: Any) -> Any:
    rows = [{"at": s(write.acked_at_ns - write.put_ns)} for write in summary.consistency.windows]
    if not rows:
        return None
    mark = alt.Chart(data(rows)).mark_tick(color=colour("writing"), thickness=1, height=9, orient="vertical")
    return mark.encode(x=x, y=alt.value(255))


def _labelled_line(rows: Sequence[dict[str, Any]], name: str, shade: str, scale: Any) -> list[Any]:
    if not rows:
        return []
    y = milliseconds(name, _RESPONSE, scale)
    x = alt.X("middle:Q")
    line = alt.Chart(data([{"middle": row["middle"], name: row[name]} for row in rows]))
    end = alt.Chart(data([{"middle": rows[-1]["middle"], name: rows[-1][name], "name": name}]))
    return [
        line.mark_line(color=colour(shade), strokeWidth=2, point={"size": 9, "color": colour(shade)}).encode(x=x, y=y),
        end.mark_text(**label_style(align="right", dy=-9, color=colour(shade))).encode(x=x, y=y, text="name:N"),
    ]


_ONE_IN: Final = {1: "0 %", 2: "50 %", 10: "90 %", 100: "99 %", 1_000: "99.9 %", 10_000: "99.99 %", 100_000: "99.999 %"}


def distribution(summary: Summary) -> Chart:
    """Quiet against writing, with the tail stretched so that it can be seen."""
    histogram = summary.latency.histogram
    chart_id, title = "distribution", "Response time: every read, from the fastest to the slowest"
    rows_of = {row.population: row.response for row in summary.latency.rows}
    kinds: list[tuple[str, str, Sequence[int], Quantiles | None]] = [
        ("quiet", "quiet", histogram.quiet, rows_of.get("quiet")),
        ("writing", "writing", histogram.writing, rows_of.get("writing") or rows_of.get("all")),
    ]
    kinds = [kind for kind in kinds if sum(kind[2])]
    if not kinds:
        return Chart(chart_id, title, "", empty="No read succeeded, so there is no distribution to show.")
    lines, points = [], []
    for name, shade, counts, exact in kinds:
        lines += _tail(name, shade, counts, histogram.edges_ns)
        points += _marked(name, shade, exact) if exact else []
    most = max(row["one_in"] for row in lines)
    ticks = [value for value in _ONE_IN if value <= most]
    x = alt.X(
        "one_in:Q",
        title="share of reads that were at least this fast",
        scale=alt.Scale(type="log", domain=[1, most * 1.3], nice=False),
        axis=alt.Axis(values=ticks, labelExpr=f"({_lookup(_ONE_IN)})[datum.value]", labelOverlap=False),
    )
    y = milliseconds("ms", _RESPONSE, logarithmic([row["ms"] for row in (*lines, *points)]))
    shade_of = alt.Color("shade:N", scale=None)
    shown = [("name", "reads"), ("share", "at least this fast"), ("text", _RESPONSE)]
    layers = [
        alt.Chart(data(lines))
        .mark_line(strokeWidth=2, interpolate="step-before")
        .encode(x=x, y=y, color=shade_of, order="one_in:Q"),
        alt.Chart(data(lines)).mark_point(size=60, opacity=0).encode(x=x, y=y, tooltip=tooltips(shown)),
    ]
    if points:
        mark = alt.Chart(data(points)).mark_point(filled=True, size=70, opacity=1)
        layers.append(mark.encode(x=x, y=y, color=shade_of, tooltip=tooltips(shown)))
    names = {"quiet": "while quiet", "writing": "while writing" if len(kinds) > 1 else "all reads"}
    text = (
        "Read it from left to right: the further right, the rarer and slower the reads. Two lines that lie on each "
        "other mean that writing made no difference; the dots are the exact p50, p90, p99 and p99.9."
    )
    keys = tuple(Key(names[name], shade) for name, shade, _, _ in kinds)
    return Chart(chart_id, title, text, keys, finish(alt.layer(*layers), 280))


def _tail(name: str, shade: str, counts: Sequence[int], edges: Sequence[int]) -> list[dict[str, Any]]:
    total = sum(counts)
    rows = []
    for below, number, edge in zip(accumulate(counts, initial=0), counts, edges[1:], strict=False):
        if number and below < total:
            slower = max(total - below - number, 0.5)  # the last bin: half a read is where its end is drawn
            rows.append(
                {
                    "one_in": total / slower,
                    "ms": ms(edge),
                    "name": name,
                    "shade": colour(shade),
                    "share": units.share(1 - slower / total),
                    "text": f"below {units.duration(edge)}",
                }
            )
    return rows


def _marked(name: str, shade: str, exact: Quantiles) -> list[dict[str, Any]]:
    marked = ((2, exact.p50_ns), (10, exact.p90_ns), (100, exact.p99_ns), (1_000, exact.p999_ns))
    return [
        {
            "one_in": one_in,
            "ms": ms(value),
            "name": name,
            "shade": colour(shade),
            "share": _ONE_IN[one_in],
            "text": units.duration(value),
        }
        for one_in, value in marked
        if value is not None
    ]


def _lookup(names: dict[int, str]) -> str:
    return "{" + ", ".join(f"'{value}': '{name}'" for value, name in names.items()) + "}"


def slowdown(summary: Summary) -> Chart:
    """The slowdown at each quantile with its interval, over pairs of windows."""
    empty = "This run had no usable pairs of quiet and writing windows, so no slowdown can be shown."
    return _ratios("slowdown", "Slowdown while writing", summary, summary.impact.estimates, empty)


def slowdown_during_put(summary: Summary) -> Chart:
    """The slowdown of reads that met a PUT."""
    empty = "Too few reads were under way during a PUT to compare them with the others."
    title = "Slowdown of reads that were under way during a PUT"
    return _ratios("slowdown-during-put", title, summary, summary.impact.overlap, empty)


def _ratios(chart_id: str, title: str, summary: Summary, estimates: Sequence[ImpactEstimate], empty: str) -> Chart:
    known = [estimate for estimate in estimates if estimate.ratio is not None]
    if not known:
        return Chart(chart_id, title, "", empty=empty)
    tolerance = summary.impact.tolerance
    rows: list[dict[str, Any]] = [
        {
            "quantile": estimate.quantile,
            "ratio": estimate.ratio,
            "low": estimate.low if estimate.low is not None else estimate.ratio,
            "high": estimate.high if estimate.high is not None else estimate.ratio,
            "shade": colour(VERDICT_COLOUR[estimate.verdict]),
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
        title="slowdown: response time while writing ÷ while quiet (1 = no difference)",
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
        Key("no difference (1.00x)", "ink"),
        Key(f"tolerated ({units.ratio(tolerance)})", "ink", "dashed"),
    )
    return Chart(chart_id, title, text, keys, finish(alt.layer(*layers), 44 * len(rows) + 20))
