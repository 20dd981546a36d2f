"""What all charts of the page have in common: their record, their colours, their axes and their hover.

Colours are names of CSS variables (``page/report.css``), so that light, dark and paper need no second drawing. Values
on axes are milliseconds and seconds; every text that hovering shows comes from :mod:`loadtest.units`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any, Final

import altair as alt

from loadtest import units
from loadtest.units import MILLISECOND, SECOND


@dataclass(frozen=True)
class Key:
    """One entry of a chart's key. ``colour`` is a CSS variable, ``shape`` a class of the style sheet."""

    label: str
    colour: str
    shape: str = "line"


@dataclass(frozen=True)
class Chart:
    """A chart, or the sentence that stands in its place when there is nothing to show."""

    id: str
    title: str
    how_to_read: str
    keys: tuple[Key, ...] = ()
    spec: Mapping[str, Any] | None = None
    empty: str = ""


def colour(name: str) -> str:
    """The CSS variable ``name`` as a colour."""
    return f"var(--{name})"


FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
_CONFIG: Final[dict[str, Any]] = {
    "background": "transparent",
    "font": FONT,
    "aria": False,  # thousands of unnamed points help nobody; the figure itself is described
    "view": {"stroke": None},
    "axis": {
        "labelColor": colour("muted"),
        "titleColor": colour("muted"),
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": colour("grid"),
        "domainColor": colour("rule"),
        "tickColor": colour("rule"),
        "labelOverlap": "greedy",
    },
    "text": {"color": colour("ink"), "fontSize": 12},
}


def finish(chart: Any, height: int) -> dict[str, Any]:
    """The Vega-Lite specification of a chart as wide as its place on the page."""
    sized = chart.properties(width="container", height=height, autosize=alt.AutoSizeParams(type="fit-x"))
    # Thousands of rows take seconds to validate; the tests validate the specification of every kind of chart.
    spec: dict[str, Any] = sized.configure(**_CONFIG).to_dict(validate=False)
    names = [part["data"]["name"] for part in (spec, *spec.get("layer", ())) if "data" in part]
    return {**spec, "datasets": {str(name): name.rows for name in names}}


class _Dataset(str):
    """The name of a chart's rows, which carries them: Altair copies data a dozen times, and names it does not."""

    rows: list[Mapping[str, Any]]


def data(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Rows as data of a chart; equal rows are equal data."""
    kept = list(rows)
    name = _Dataset("data-" + hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:32])
    name.rows = kept
    return alt.NamedData(name=name)


def ms(nanoseconds: int | None) -> float | None:
    """Milliseconds, as axes have them."""
    return None if nanoseconds is None else nanoseconds / MILLISECOND


def s(nanoseconds: int) -> float:
    """Seconds, as axes have them."""
    return nanoseconds / SECOND


def each(bucket_ns: int) -> str:
    """The buckets of a chart over time, in words."""
    return "each second" if bucket_ns == SECOND else f"each {units.seconds(bucket_ns)}"


def time_axis(duration_ns: int) -> Any:
    """The horizontal axis of everything that happens during the run."""
    return alt.X(
        "at:Q",
        title="seconds since the start of the run",
        scale=alt.Scale(domain=[0, s(duration_ns)], nice=False),
        axis=alt.Axis(grid=False, format=",~f", labelSeparation=12),
    )


def milliseconds(field: str, title: str, scale: Any) -> Any:
    """A vertical, logarithmic axis of durations."""
    axis = alt.Axis(format=",~f", values=round_ticks(scale.domain))
    return alt.Y(f"{field}:Q", title=f"{title} (ms)", scale=scale, axis=axis)


def logarithmic(values: Iterable[float | None]) -> Any:
    """A logarithmic scale around ``values``, with some room; zero has no logarithm and is left out."""
    known = [value for value in values if value]
    low, high = (min(known) * 0.8, max(known) * 1.25) if known else (1.0, 10.0)
    return alt.Scale(type="log", domain=[low, high], nice=False, clamp=True)


def round_ticks(domain: Sequence[float]) -> list[float]:
    """Round values for a logarithmic axis: 1, 2 and 5 of each decade, or just the decades when there are many."""
    low, high = (floor(log10(end)) for end in domain)
    steps = (1, 2, 5) if high - low <= 3 else (1,)
    ticks = (float(f"{step}e{decade}") for decade in range(low, high + 1) for step in steps)
    return [tick for tick in ticks if domain[0] <= tick <= domain[1]]


def hover(rows: Iterable[Mapping[str, Any]], shown: Sequence[tuple[str, str]], x: Any) -> Any:
    """Invisible full-height bars, one a row (from ``at`` to ``until``), that show what lies below the pointer."""
    return (
        alt.Chart(data(rows))
        .mark_rect(color="transparent", tooltip=True)
        .encode(x=x, x2="until:Q", tooltip=tooltips(shown))
    )


def tooltips(shown: Sequence[tuple[str, str]]) -> list[Any]:
    """What hovering shows: pairs of a field and its title. Fields hold finished text."""
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in shown]


def label_style(**settings: Any) -> dict[str, Any]:
    """Settings of a text mark that stays readable on top of lines (see ``paint-order`` in the style sheet)."""
    return {"fontWeight": 600, "stroke": colour("surface"), "strokeWidth": 3, "strokeJoin": "round", **settings}
