"""Charts of versions: when each write became visible, how soon reads are fresh, and what 304 answers did over time."""

from __future__ import annotations

from typing import Any, Final

from loadtest import units
from loadtest.report.chart_style import Chart, Key, colour, each, finish, hover, ms, round_ticks, s, time_axis, tooltips
from loadtest.report.vega_lite import Spec, channel, data
from loadtest.summary.summary import Summary
from loadtest.summary.versions import ConsistencyWindow
from loadtest.units import MILLISECOND

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
    x = channel(
        "at:Q",
        title="milliseconds from the acknowledgement of the write",
        scale={"domain": [min(ends) - room, max(ends) + room], "nice": False},
        axis={"format": ",~f", "tickCount": 8},
    )
    y = channel(
        "version:O",
        title="version written",
        sort=None,
        axis={"labelOverlap": "greedy", "ticks": False, "domain": False, "labelSeparation": 4},
    )
    thick = max(1.5, step * 0.55)
    tooltip = [
        ("version", "version"),
        ("put_text", "the PUT took"),
        ("seen_text", "first visible (answer came back)"),
        ("stale_text", "last stale (read started)"),
        ("reads", "stale reads"),
        ("resolution", "resolution"),
        ("open", "window"),
    ]
    base = data(rows)
    zero = data([{"at": 0}]).mark("rule", color=colour("ink"), strokeWidth=1.5).encode(x=x)
    layers = [
        zero,
        base.mark("bar", color=colour("rule"), height=thick).encode(x=channel("called:Q"), x2="zero", y=y),
        base.only("datum.stale !== null")
        .mark("bar", color=colour("fail"), height=thick)
        .encode(x=channel("zero:Q"), x2="stale", y=y),
        base.only("datum.seen !== null")
        .mark("point", filled=True, opacity=1, color=colour("quiet"), size=min(60, 9 * thick), shape="diamond")
        .encode(x=channel("seen:Q"), y=y),
        base.only("datum.unended")
        .mark("point", filled=True, opacity=1, color=colour("fail"), size=max(70, 22 * thick), shape="triangle-right")
        .encode(x=channel("stale:Q"), y=y),
        base.mark("rect", color="transparent").encode(y=y, tooltip=tooltips(tooltip)),
    ]
    keys: tuple[Key, ...] = (
        Key("PUT under way", "rule", "area"),
        Key("acknowledged", "ink", "tick"),
        Key("first visible (answer came back)", "quiet", "diamond"),
    )
    text = (
        "One row a write, set so that all acknowledgements stand on the vertical line. A diamond is the moment at "
        "which the first answer with the new version came back; the time that this read itself took is in it. Without "
        "a red bar, a diamond right of the line is not a delay of the store: nobody had asked earlier. "
    )
    if any(window.last_stale_ns is not None for window in windows):
        keys += (Key("readers still got an older version", "fail", "area"),)
        text += (
            "A red bar is a consistency window: the time in which reads were started that still got an older version. "
            "There the new version was really withheld."
        )
        if summary.consistency.cut_off:
            text += " A bar with a point goes on: the run ended while readers still got the older version."
    else:
        text += "Had any reader got an older version after the acknowledgement, a red bar would show for how long."
    note = summary.consistency.windows_note
    height = max(40, round(step * len(rows)))
    return Chart(chart_id, title, f"{text} {note}".strip(), keys, finish(layers, height))


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
        "unended": window.censored and window.last_stale_ns is not None,
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
    longest = summary.consistency.longest_window_ns
    least = points[0].to_ns / 2  # a logarithmic axis has no zero: the first bin, which begins there, is drawn from here
    rows = [
        {
            "at": (point.from_ns or least) / MILLISECOND,
            "until": point.to_ns / MILLISECOND,
            "share": point.share,
            "low": point.low,
            "high": point.high,
            "when": f"{units.duration(point.from_ns)} to {units.duration(point.to_ns)}",
            "text": units.share(point.share),
            "band": f"{units.share(point.low)} to {units.share(point.high)}",
            "reads": f"{point.fresh:,} of {point.reads:,}",
        }
        for point in points
    ]
    scale: Spec = {"type": "log", "domain": [least / MILLISECOND, points[-1].to_ns / MILLISECOND], "nice": False}
    axis = {"grid": False, "format": ",~f", "values": round_ticks(scale["domain"])}
    x = channel(
        "at:Q", title=["ms from the acknowledgement to the", "start of the read (logarithmic)"], scale=scale, axis=axis
    )
    y_scale = {"domain": [0, 1], "nice": False}
    percent = {"labelExpr": "format(datum.value * 100, ',~f') + ' %'", "tickCount": 5}
    y = channel("share:Q", title="share of reads that were fresh", scale=y_scale, axis=percent)
    tooltip = [("when", "after the acknowledgement"), ("text", "fresh"), ("band", "95 % interval"), ("reads", "reads")]
    base = data(rows)
    layers = [
        base.mark("rect", color=colour("quiet"), opacity=0.22).encode(
            x=x, x2="until", y=channel("low:Q", scale=y_scale), y2="high"
        ),
        base.mark("rule", color=colour("quiet"), strokeWidth=3).encode(x=x, x2="until", y=y),
    ]
    keys: tuple[Key, ...] = (
        Key("share that was fresh", "quiet"),
        Key("what this run cannot exclude (95 % interval over writes)", "quiet", "band"),
    )
    if longest and least <= longest <= points[-1].to_ns:
        rule = data([{"at": longest / MILLISECOND}])
        layers.append(rule.mark("rule", color=colour("fail"), strokeWidth=1.5, strokeDash=[5, 4]).encode(x=x))
        keys += (Key(f"the last stale read ({units.duration(longest)})", "fail", "tick dashed"),)
    layers.append(hover(rows, tooltip, x))
    text = (
        "Of the reads that started this long after an acknowledgement, how many got the new version (or a later one)? "
        "A line at 100 % from the very left is a document that is fresh at once. The pale area is not what was "
        "seen, but what this run is too small to exclude; reads after the same write are not taken as independent."
    )
    return Chart(chart_id, title, text, keys, finish(layers, 240))


def answers_over_time(summary: Summary) -> Chart:
    series = summary.latency.series
    chart_id, title = "answers-over-time", "Documents sent (200) against 304 answers"
    if not sum(series.ok) + sum(series.not_modified):
        return Chart(chart_id, title, "", empty="No read succeeded, so there are no answers to show.")
    kinds = (
        ("304, no document sent", "not-modified", series.not_modified),
        ("200 with the document", "sent", series.ok),
    )
    text = (
        "How many reads were answered in full, and how many with a short 304, as the server took the reader's copy as "
        "current."
    )
    return Chart(chart_id, title, text, _keys(kinds), _stacked(summary, kinds))


def trouble_over_time(summary: Summary) -> Chart:
    series = summary.latency.series
    chart_id, title = "trouble-over-time", "Errors and damaged documents during the run"
    if not sum(series.errors) + sum(series.faults):
        return Chart(chart_id, title, "", empty="No read ended in an error or with a damaged document.")
    kinds = (("damaged or wrong (torn, cut short …)", "fail", series.faults), ("error", "unsure", series.errors))
    text = "When reads got no answer, or a document that is not whole. Stale reads are not in it: see question 3."
    return Chart(chart_id, title, text, _keys(kinds), _stacked(summary, kinds))


_Kinds = tuple[tuple[str, str, tuple[int, ...]], ...]
"""Name, colour and count by bucket of each kind of answer."""


def _keys(kinds: _Kinds) -> tuple[Key, ...]:
    return tuple(Key(name, shade, "area") for name, shade, counts in kinds if sum(counts))


def _stacked(summary: Summary, kinds: _Kinds) -> Spec:
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
    y = channel("from:Q", title=f"reads {each(series.bucket_ns)}", axis={"format": ",~f", "tickCount": 4})
    bars = data(rows).mark("rect", opacity=1)
    drawn = bars.encode(x=x, x2="until", y=y, y2="to", color=channel("shade:N", scale=None))
    tooltip = [("t", "from"), *((f"n{number}", name) for number, (name, _, _) in enumerate(kinds))]
    return finish([drawn, hover(texts, tooltip, x)], 180)
