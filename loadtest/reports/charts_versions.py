"""Charts of versions: when each write became visible, how soon reads are fresh, and what 304 answers did over time."""

from __future__ import annotations

from math import ceil
from typing import Any, Final

import altair as alt

from loadtest import units
from loadtest.reports.chart_style import (
    Chart,
    Key,
    colour,
    data,
    each,
    finish,
    hover,
    ms,
    s,
    time_axis,
    tooltips,
)
from loadtest.summary import ConsistencyWindow, Summary

_TALLEST: Final = 560


def consistency_timeline(summary: Summary) -> Chart:
    """One row a write: called, acknowledged, first visible, last stale."""
    windows = summary.consistency.windows
    chart_id, title = "consistency-timeline", "How each write became visible"
    if not windows:
        empty = "No write after the first one was acknowledged, so there is nothing to follow."
        return Chart(chart_id, title, "", empty=empty)
    rows = [_row(window) for window in windows]
    ends = [row[name] for row in rows for name in ("called", "seen", "stale") if row[name] is not None] + [0.0]
    room = max((max(ends) - min(ends)) * 0.03, 0.1)
    step = min(16.0, _TALLEST / len(rows))
    x = alt.X(
        "at:Q",
        title="milliseconds from the acknowledgement of the write",
        scale=alt.Scale(domain=[min(ends) - room, max(ends) + room], nice=False),
        axis=alt.Axis(format=",~f", tickCount=8),
    )
    y = alt.Y(
        "version:O",
        title="version written",
        sort=None,
        axis=alt.Axis(labelOverlap="greedy", ticks=False, domain=False, labelSeparation=4),
    )
    thick = max(1.5, step * 0.55)
    shown = [
        ("version", "version"),
        ("put_text", "the PUT took"),
        ("seen_text", "first visible"),
        ("stale_text", "last stale"),
        ("reads", "stale reads"),
        ("resolution", "resolution"),
        ("open", "window"),
    ]
    base = alt.Chart(data(rows))
    zero = alt.Chart(data([{"at": 0}])).mark_rule(color=colour("ink"), strokeWidth=1.5).encode(x=x)
    layers = [
        zero,
        base.mark_bar(color=colour("rule"), height=thick).encode(x=alt.X("called:Q"), x2="zero:Q", y=y),
        base.transform_filter("datum.stale !== null")
        .mark_bar(color=colour("fail"), height=thick)
        .encode(x=alt.X("zero:Q"), x2="stale:Q", y=y),
        base.transform_filter("datum.seen !== null")
        .mark_point(filled=True, opacity=1, color=colour("quiet"), size=min(60, 9 * thick), shape="diamond")
        .encode(x=alt.X("seen:Q"), y=y),
        base.mark_rect(color="transparent").encode(y=y, tooltip=tooltips(shown)),
    ]
    keys: tuple[Key, ...] = (
        Key("PUT under way", "rule", "area"),
        Key("acknowledged", "ink", "tick"),
        Key("first visible", "quiet", "diamond"),
    )
    text = (
        "One row a write, set so that all acknowledgements stand on the vertical line. A diamond is the return of the "
        "first read that brought the version; right of the line it only means that no read asked earlier. "
    )
    if any(window.last_stale_ns is not None for window in windows):
        keys += (Key("readers still got an older version", "fail", "area"),)
        text += "A red bar is a consistency window: the time in which readers still got an older version."
    else:
        text += "Had any reader got an older version after the acknowledgement, a red bar would show for how long."
    note = summary.consistency.windows_note
    height = max(40, round(step * len(rows)))
    return Chart(chart_id, title, f"{text} {note}".strip(), keys, finish(alt.layer(*layers), height))


def _row(window: ConsistencyWindow) -> dict[str, Any]:
    return {
        "version": window.version,
        "called": -window.put_ns / 1_000_000,
        "zero": 0,
        "seen": ms(window.first_visible_ns),
        "stale": ms(window.last_stale_ns),
        "put_text": units.duration(window.put_ns),
        "seen_text": "never" if window.first_visible_ns is None else units.duration(window.first_visible_ns),
        "stale_text": "no read was" if window.last_stale_ns is None else units.duration(window.last_stale_ns),
        "reads": units.count(window.stale_reads),
        "resolution": units.duration(window.resolution_ns),
        "open": "may be longer: no later read could tell" if window.censored else "followed to its end",
    }


def visibility(summary: Summary) -> Chart:
    """How likely a read is fresh, by the time since the acknowledgement."""
    points = summary.consistency.visibility
    chart_id, title = "visibility", "How soon reads are fresh"
    if not points:
        empty = "No read came after an acknowledged write, so it cannot be said how soon reads are fresh."
        return Chart(chart_id, title, "", empty=empty)
    rows = [
        {
            "at": place,
            "until": place + 1,
            "share": point.share,
            "low": point.low,
            "high": point.high,
            "when": f"{units.duration(point.from_ns)} to {units.duration(point.to_ns)}",
            "text": units.share(point.share),
            "band": f"{units.share(point.low)} to {units.share(point.high)}",
            "reads": f"{point.fresh:,} of {point.reads:,}",
        }
        for place, point in enumerate(points)
    ]
    edges = [point.from_ns for point in points] + [points[-1].to_ns]
    ticks = list(range(0, len(edges), ceil(len(edges) / 9)))
    names = ", ".join(f"'{units.duration(edge)}'" for edge in edges)
    x = alt.X(
        "at:Q",
        title="from the acknowledgement to the start of the read (not to scale)",
        scale=alt.Scale(domain=[0, len(points)], nice=False),
        axis=alt.Axis(grid=False, values=ticks, labelExpr=f"[{names}][datum.value]"),
    )
    floor = min(point.low for point in points)
    y_scale = alt.Scale(domain=[max(0.0, floor - (1 - floor) * 0.1 - 0.001), 1.0], nice=False)
    percent = alt.Axis(labelExpr="format(datum.value * 100, ',~f') + ' %'", tickCount=5)
    y = alt.Y("share:Q", title="share of reads that were fresh", scale=y_scale, axis=percent)
    shown = [("when", "after the acknowledgement"), ("text", "fresh"), ("band", "95 % interval"), ("reads", "reads")]
    base = alt.Chart(data(rows))
    layers = [
        base.mark_rect(color=colour("quiet"), opacity=0.22).encode(
            x=x, x2="until:Q", y=alt.Y("low:Q", scale=y_scale), y2="high:Q"
        ),
        base.mark_rule(color=colour("quiet"), strokeWidth=2.5).encode(x=x, x2="until:Q", y=y),
        hover(rows, shown, x),
    ]
    keys = (Key("share that was fresh", "quiet"), Key("95 % interval", "quiet", "band"))
    text = (
        "Of the reads that started this long after an acknowledgement, how many got the new version (or a later one)? "
        "A line at 100 % from the very left is a document that is fresh at once; the band says how sure that is."
    )
    return Chart(chart_id, title, text, keys, finish(alt.layer(*layers), 240))


def answers_over_time(summary: Summary) -> Chart:
    """200 against 304."""
    series = summary.latency.series
    chart_id, title = "answers-over-time", "Documents sent (200) against 304 answers"
    if not sum(series.ok) + sum(series.not_modified):
        return Chart(chart_id, title, "", empty="No read succeeded, so there are no answers to show.")
    kinds = (
        ("304, no document sent", "not-modified", series.not_modified),
        ("200 with the document", "sent", series.ok),
    )
    text = "How many reads were answered in full, and how many with a short 304 as the reader's copy was still right."
    return Chart(chart_id, title, text, _keys(kinds), _stacked(summary, kinds))


def trouble_over_time(summary: Summary) -> Chart:
    """Wrong answers and errors."""
    series = summary.latency.series
    chart_id, title = "trouble-over-time", "Errors and wrong answers during the run"
    if not sum(series.errors) + sum(series.faults):
        return Chart(chart_id, title, "", empty="No read ended in an error or with a wrong answer.")
    kinds = (("wrong answer (torn, cut short …)", "fail", series.faults), ("error", "unsure", series.errors))
    text = "When reads were not answered, or were answered wrongly."
    return Chart(chart_id, title, text, _keys(kinds), _stacked(summary, kinds))


_Kinds = tuple[tuple[str, str, tuple[int, ...]], ...]
"""Name, colour and count by bucket of each kind of answer."""


def _keys(kinds: _Kinds) -> tuple[Key, ...]:
    return tuple(Key(name, shade, "area") for name, shade, counts in kinds if sum(counts))


def _stacked(summary: Summary, kinds: _Kinds) -> dict[str, Any]:
    series = summary.latency.series
    rows, texts = [], []
    for place, start in enumerate(series.start_ns):
        base = 0
        shared = {"at": s(start), "until": s(start + series.bucket_ns)}
        for _, shade, counts in kinds:
            if counts[place]:
                rows.append({**shared, "from": base, "to": base + counts[place], "shade": colour(shade)})
            base += counts[place]
        numbers = {f"n{number}": units.count(counts[place]) for number, (_, _, counts) in enumerate(kinds)}
        texts.append({**shared, "t": units.seconds(start), **numbers})
    x = time_axis(max(series.start_ns[-1] + series.bucket_ns, summary.run.duration_ns))
    y = alt.Y("from:Q", title=f"reads {each(series.bucket_ns)}", axis=alt.Axis(format=",~f", tickCount=4))
    bars = alt.Chart(data(rows)).mark_rect(opacity=1)
    drawn = bars.encode(x=x, x2="until:Q", y=y, y2="to:Q", color=alt.Color("shade:N", scale=None))
    shown = [("t", "from"), *((f"n{number}", name) for number, (name, _, _) in enumerate(kinds))]
    return finish(alt.layer(drawn, hover(texts, shown, x)), 180)
