"""The chart of one number over the runs: values with their intervals, levels, and where they changed."""

from __future__ import annotations

from typing import Any, Final

from loadtest.report.chart_style import Chart, Key, colour, finish, tooltips
from loadtest.report.vega_lite import Layer, Spec, channel, data
from loadtest.run.records import Verdict
from loadtest.trend.markdown import effect
from loadtest.trend.records import Change, NumberTrend, RunPoint, Trend
from loadtest.trend.runs import moment, name_of

_HEIGHT: Final = 190
_HOW_TO_READ: Final = (
    "One dot a run, oldest left, with the 95 % interval that the run itself gives; the time between runs is not drawn. "
    "Hollow: the run was INCONCLUSIVE. The line is the level; where it steps, it changed."
)


def number_chart(made: Trend, number: NumberTrend) -> Chart:
    title = f"{number.title} over the runs"
    if not number.values:
        return Chart(number.id, title, "", empty="No run measured it.")
    factor = _factor(number)
    rows = [_row(made.runs[value.run], value, factor) for value in number.values]
    ends = [row[name] for row in rows for name in ("value", "low", "high")]
    room = (max(ends) - min(ends)) * 0.06 or abs(max(ends)) * 0.05 or 0.1
    low, high = min(ends) - room, max(ends) + room
    x = channel(
        "run:Q",
        title="run",
        scale={"domain": [0.3, len(made.runs) + 0.7], "nice": False},
        axis={"grid": False, "format": "d", "tickMinStep": 1},
    )
    y = channel(
        "value:Q",
        title=_axis_title(number),
        scale={"domain": [max(0.0, low) if min(ends) >= 0 else low, high], "nice": False, "zero": False},
    )
    shown = [("name", "run"), ("began", "began"), ("text", "value"), ("verdict", "verdict"), ("note", "note")]
    base = data(rows)
    layers: list[Layer] = [_breaks(made, x), _changes(number, x)]
    layers.append(
        base.mark("rule", strokeWidth=3, opacity=0.3, color=colour("quiet")).encode(x=x, y=channel("low:Q"), y2="high")
    )
    levels = [
        {"run": first + 0.6, "until": last + 1.4, "value": level * factor} for first, last, level in number.levels
    ]
    if levels:
        layers.append(data(levels).mark("rule", strokeWidth=2, color=colour("ink")).encode(x=x, x2="until", y=y))
    layers.append(
        base.mark("point", size=36, strokeWidth=1.5, opacity=1, color=colour("quiet")).encode(
            x=x, y=y, fill=channel("fill:N", scale=None), tooltip=tooltips(shown)
        )
    )
    keys: tuple[Key, ...] = (
        Key("one run", "quiet", "ring"),
        Key("95 % interval", "quiet", "band"),
        Key("level", "ink"),
    )
    if any(_bad(change) for change in number.changes):
        keys += (Key("worse", "fail", "tick"),)
    if any(not change.worse for change in number.changes):
        keys += (Key("better", "pass", "tick"),)
    if any(change.worse and not _bad(change) for change in number.changes):
        keys += (Key("worse, but does not count", "unsure", "tick"),)
    if any(point.differs or point.gap_ns for point in made.runs):
        keys += (Key("other settings or machine, or a long gap", "rule", "tick dashed"),)
    return Chart(number.id, title, _HOW_TO_READ, keys, finish(layers, _HEIGHT))


def _row(point: RunPoint, value: Any, factor: float) -> dict[str, Any]:
    return {
        "run": value.run + 1,
        "value": value.value * factor,
        "low": (value.value if value.low is None else value.low) * factor,
        "high": (value.value if value.high is None else value.high) * factor,
        "fill": colour("surface") if point.verdict is Verdict.INCONCLUSIVE else colour("quiet"),
        "name": name_of(point),
        "began": moment(point),
        "text": value.text,
        "verdict": point.verdict.value,
        "note": " ".join(filter(None, (point.differs and f"Unlike the run before: {point.differs}.", value.doubt))),
    }


def _bad(change: Change) -> bool:
    return change.counts


def _changes(number: NumberTrend, x: Spec) -> Layer:
    rows = [
        {
            "run": change.run + 0.5,
            "shade": colour("fail" if _bad(change) else "unsure" if change.worse else "pass"),
            "what": effect(change),
            "text": change.text,
        }
        for change in number.changes
    ]
    return (
        data(rows)
        .mark("rule", strokeWidth=2.5)
        .encode(x=x, color=channel("shade:N", scale=None), tooltip=tooltips([("what", "change"), ("text", "size")]))
    )


def _breaks(made: Trend, x: Spec) -> Layer:
    rows = [{"run": place + 0.5} for place, point in enumerate(made.runs) if point.differs or point.gap_ns]
    return data(rows).mark("rule", strokeDash=[3, 3], color=colour("rule")).encode(x=x)


def _factor(number: NumberTrend) -> float:
    if number.scale == "share":
        return 100.0
    return 1e-6 if number.id.startswith("response") else 1.0


def _axis_title(number: NumberTrend) -> str:
    if number.scale == "share":
        return "%"
    return "ms" if number.id.startswith("response") else "times as slow"
