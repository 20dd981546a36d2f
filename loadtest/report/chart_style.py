"""What all charts of the page have in common: their record, colours, axes and tooltips.

Colours are names of CSS variables (``page/report.css``), so that light, dark and paper need no second drawing. Values
on axes are milliseconds and seconds; every text that hovering shows comes from :mod:`loadtest.units`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any, Final

from loadtest import units
from loadtest.report.vega_lite import Layer, Spec, channel, chart, data
from loadtest.units import MILLISECOND, SECOND


@dataclass(frozen=True)
class Key:
    """One entry of a chart's key. ``colour`` is a CSS variable, ``shape`` a class of the style sheet."""

    label: str
    colour: str
    shape: str = "line"


@dataclass(frozen=True)
class Chart:
    """A chart, or the sentence that replaces it when there is nothing to show."""

    id: str
    title: str
    how_to_read: str
    keys: tuple[Key, ...] = ()
    spec: Mapping[str, Any] | None = None
    empty: str = ""


def colour(name: str) -> str:
    return f"var(--{name})"


FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
_CONFIG: Final[Spec] = {
    "background": "transparent",
    "font": FONT,
    "aria": False,  # thousands of unnamed points help nobody; the figure itself is described
    "view": {"continuousWidth": 300, "continuousHeight": 300, "stroke": None},
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


def finish(layers: Sequence[Layer], height: int) -> Spec:
    """The Vega-Lite specification of a chart as wide as its place on the page; the first layer is at the back."""
    return chart(layers, width="container", height=height, autosize={"type": "fit-x"}, config=_CONFIG)


def ms(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / MILLISECOND


def s(nanoseconds: int) -> float:
    return nanoseconds / SECOND


def each(bucket_ns: int) -> str:
    """The buckets of a chart over time, in words."""
    return "each second" if bucket_ns == SECOND else f"each {units.seconds(bucket_ns)}"


def time_axis(duration_ns: int) -> Spec:
    """The horizontal axis of everything that happens during the run."""
    return channel(
        "at:Q",
        title="seconds since the start of the run",
        scale={"domain": [0, s(duration_ns)], "nice": False},
        axis={"grid": False, "format": ",~f", "labelSeparation": 12},
    )


def milliseconds(field: str, title: str, scale: Spec) -> Spec:
    """A vertical, logarithmic axis of durations."""
    axis = {"format": ",~f", "values": round_ticks(scale["domain"])}
    return channel(f"{field}:Q", title=f"{title} (ms)", scale=scale, axis=axis)


def logarithmic(values: Iterable[float | None]) -> Spec:
    """A logarithmic scale around ``values``, with some room; zero has no logarithm, so it is left out."""
    known = [value for value in values if value]
    low, high = (min(known) * 0.8, max(known) * 1.25) if known else (1.0, 10.0)
    return {"type": "log", "domain": [low, high], "nice": False, "clamp": True}


def round_ticks(domain: Sequence[float]) -> list[float]:
    """Round values for a logarithmic axis: 1, 2 and 5 of each decade, or only the decades if there are many."""
    low, high = (floor(log10(end)) for end in domain)
    steps = (1, 2, 5) if high - low <= 3 else (1,)
    ticks = (float(f"{step}e{decade}") for decade in range(low, high + 1) for step in steps)
    return [tick for tick in ticks if domain[0] <= tick <= domain[1]]


def hover(rows: Iterable[Mapping[str, Any]], shown: Sequence[tuple[str, str]], x: Spec) -> Layer:
    """Invisible bars of full height, one a row (from ``at`` to ``until``), that show a tooltip."""
    return data(rows).mark("rect", color="transparent", tooltip=True).encode(x=x, x2="until", tooltip=tooltips(shown))


def tooltips(shown: Sequence[tuple[str, str]]) -> list[Spec]:
    """A tooltip of these pairs of a field and its title; fields hold finished text."""
    return [channel(f"{field}:N", title=title) for field, title in shown]


def label_style(**settings: Any) -> dict[str, Any]:
    """Settings of a text mark that stays readable above lines (see ``paint-order`` in the style sheet)."""
    return {"fontWeight": 600, "stroke": colour("surface"), "strokeWidth": 3, "strokeJoin": "round", **settings}
