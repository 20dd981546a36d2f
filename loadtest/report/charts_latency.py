"""Charts of latency: over time, and as a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

from loadtest import units
from loadtest.report.chart_style import (
    Chart,
    Key,
    colour,
    each,
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
from loadtest.report.vega_lite import Layer, Spec, channel, data
from loadtest.report.writing_shades import writing_shades
from loadtest.summary.speed import Quantiles
from loadtest.summary.summary import Summary

_RESPONSE: Final = "response time"
ENOUGH_FOR_P99: Final = 100


def latency_over_time(summary: Summary) -> Chart:
    """p50 and p99 a bucket, writing windows shaded, PUTs marked."""
    series = summary.latency.series
    chart_id, title = "latency-over-time", "Response time during the run"
    if not any(value is not None for value in series.p50_ns):
        return Chart(chart_id, title, "", empty="No read succeeded, so there is no latency to show over time.")
    bucket = each(series.bucket_ns)
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
    counts = [ok + short for ok, short in zip(series.ok, series.not_modified, strict=True)]
    scale = logarithmic([row[name] for row in rows for name in ("p50", "p99")])
    layers = [*writing_shades(summary, x), _put_marks(summary, x), _pause_marks(summary, x)]
    certain = [row for row, count in zip(rows, counts, strict=True) if count >= ENOUGH_FOR_P99]
    few = [row for row, count in zip(rows, counts, strict=True) if 0 < count < ENOUGH_FOR_P99]
    layers += _labelled_line(certain, "p99", "series-high", scale)
    layers.append(_slowest_of_few(few, scale))
    layers += _labelled_line([row for row in rows if row["p50"] is not None], "p50", "series-low", scale)
    tooltip = (("t", "from"), ("p50_text", "p50"), ("p99_text", "p99"), ("max_text", "slowest"))
    layers.append(hover(rows, tooltip, x))
    keys = [Key(f"p50 of {bucket}", "series-low"), Key(f"p99 of {bucket}", "series-high")]
    if few:
        keys.append(Key("slowest of fewer than 100 reads", "series-high", "ring"))
    if summary.impact.windows:
        keys += [Key("writing window (counted)", "shade", "area"), Key("writing, not counted", "shade", "area pale")]
    if summary.consistency.windows:
        keys.append(Key("a PUT", "writing", "tick"))
    if summary.generator.pauses:
        keys.append(Key("the load generator itself paused †", "fail", "tick dashed"))
    text = (
        "If writing slowed reads down, the lines would rise wherever the background is shaded. The vertical scale is "
        "logarithmic: every step up is a multiple. The first and the last moments of a window are not counted, and "
        "neither is what was written after the last whole window."
    )
    if summary.generator.pauses:
        text += " What rises at a dashed line may be the load generator's own doing."
    layered = [layer for layer in layers if layer is not None]
    return Chart(chart_id, title, text, tuple(keys), finish(layered, 260))


def _end_ns(summary: Summary) -> int:
    series = summary.latency.series
    last = series.start_ns[-1] + series.bucket_ns if series.start_ns else 0
    return max(last, summary.run.duration_ns, 1)


def _pause_marks(summary: Summary, x: Spec) -> Layer | None:
    rows = [
        {"at": s(pause.at_ns), "t": units.seconds(pause.at_ns), "text": units.duration(pause.delay_ns)}
        for pause in summary.generator.pauses
    ]
    if not rows:
        return None
    mark = data(rows).mark("rule", color=colour("fail"), strokeWidth=1.5, strokeDash=[4, 3])
    return mark.encode(x=x, tooltip=tooltips([("t", "the load generator paused at"), ("text", "for")]))


def _slowest_of_few(rows: Sequence[dict[str, Any]], scale: Spec) -> Layer | None:
    if not rows:
        return None
    points = data([{"middle": row["middle"], "p99": row["p99"]} for row in rows])
    mark = points.mark("point", filled=False, size=16, strokeWidth=1, color=colour("series-high"))
    return mark.encode(x=channel("middle:Q"), y=milliseconds("p99", _RESPONSE, scale))


def _put_marks(summary: Summary, x: Spec) -> Layer | None:
    rows = [{"at": s(write.acked_at_ns - write.put_ns)} for write in summary.consistency.windows]
    if not rows:
        return None
    mark = data(rows).mark("tick", color=colour("writing"), thickness=1, height=9, orient="vertical")
    return mark.encode(x=x, y={"value": 255})


def _labelled_line(rows: Sequence[dict[str, Any]], name: str, shade: str, scale: Spec) -> list[Layer]:
    if not rows:
        return []
    y = milliseconds(name, _RESPONSE, scale)
    x = channel("middle:Q")
    line = data([{"middle": row["middle"], name: row[name]} for row in rows])
    end = data([{"middle": rows[-1]["middle"], name: rows[-1][name], "name": name}])
    return [
        line.mark("line", color=colour(shade), strokeWidth=2, point={"size": 9, "color": colour(shade)}).encode(
            x=x, y=y
        ),
        end.mark("text", **label_style(align="right", dy=-9, color=colour(shade))).encode(x=x, y=y, text="name:N"),
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
        lines += _tail(name, shade, counts, histogram.edges_ns, exact)
        points += _marked(name, shade, exact) if exact else []
    most = max(row["one_in"] for row in lines)
    ticks = [value for value in _ONE_IN if 1 < value <= most]
    x = channel(
        "one_in:Q",
        title="share of reads that were at least this fast",
        scale={"type": "log", "domain": [1, most * 1.15], "nice": False},
        axis={"values": ticks, "labelExpr": f"({_lookup(_ONE_IN)})[datum.value]", "labelOverlap": False},
    )
    y = milliseconds("ms", _RESPONSE, logarithmic([row["ms"] for row in (*lines, *points)]))
    shade_of = channel("shade:N", scale=None)
    tooltip = [("name", "reads"), ("share", "at least this fast"), ("text", _RESPONSE)]
    layers = [
        data(lines).mark("line", strokeWidth=2).encode(x=x, y=y, color=shade_of, order="one_in:Q"),
        data(lines).mark("point", size=60, opacity=0).encode(x=x, y=y, tooltip=tooltips(tooltip)),
    ]
    if points:
        mark = data(points).mark("point", filled=True, size=70, opacity=1)
        layers.append(mark.encode(x=x, y=y, color=shade_of, tooltip=tooltips(tooltip)))
    names = {"quiet": "while quiet", "writing": "while writing" if len(kinds) > 1 else "all reads"}
    text = (
        "Read it from left to right: the further right, the rarer and slower the reads. Two lines that lie on each "
        "other mean that writing made no difference; the dots are the exact p50, p90, p99 and p99.9, "
        "the lines are drawn from bins that are about 12 % wide."
    )
    if summary.generator.paused_quantiles:
        text += f" † {summary.generator.pause_sentence}"
    keys = tuple(Key(names[name], shade) for name, shade, _, _ in kinds)
    return Chart(chart_id, title, text, keys, finish(layers, 280))


def _tail(
    name: str, shade: str, counts: Sequence[int], edges: Sequence[int], exact: Quantiles | None
) -> list[dict[str, Any]]:
    """The ends of the bins, each with how rare a slower read is ("one in …"); the last point is the slowest read."""
    total = sum(counts)
    slowest = exact.max_ns if exact and exact.max_ns is not None else edges[-1]
    rows = []
    for upto, number, edge in zip(accumulate(counts), counts, edges[1:], strict=True):
        last = upto == total
        if number and (last or upto < total - 1):  # "all but one" lies where the slowest read does
            end = slowest if last else edge
            rows.append(
                {
                    "one_in": total if last else total / (total - upto),
                    "ms": ms(end),
                    "name": name,
                    "shade": colour(shade),
                    "share": "all" if last else units.share(upto / total),
                    "text": units.duration(end) if last else f"below {units.duration(end)}",
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
