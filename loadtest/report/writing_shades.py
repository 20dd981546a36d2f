"""The background of charts over time: when something was written, and which of that counts.

Windows have guard time cut off at both ends, and the last stretch of a run is often too short for a window. PUTs happen
there too, so these stretches are shaded as well, but paler.
"""

from __future__ import annotations

from bisect import bisect_right

from loadtest.report.chart_style import colour, s
from loadtest.report.vega_lite import Layer, Spec, data
from loadtest.summary.summary import Summary

Stretch = tuple[int, int]
"""From and until, in nanoseconds since the origin."""


def writing_shades(summary: Summary, x: Spec) -> list[Layer]:
    """The layers behind a chart: everything that was written, and above it the windows that are counted."""
    counted = [(window.start_ns, window.end_ns) for window in summary.impact.windows if window.kind == "writing"]
    if not summary.impact.windows:
        return []
    layers = [(written_stretches(summary), 0.4), (counted, 1.0)]
    return [_shade(stretches, opacity, x) for stretches, opacity in layers if stretches]


def written_stretches(summary: Summary) -> list[Stretch]:
    """From the first PUT (or the start of a writing window) to the last, wherever no quiet window lies between."""
    quiet = sorted(window.start_ns for window in summary.impact.windows if window.kind != "writing")
    busy = [(write.acked_at_ns - write.put_ns, write.acked_at_ns) for write in summary.consistency.windows]
    busy += [(window.start_ns, window.end_ns) for window in summary.impact.windows if window.kind == "writing"]
    stretches: list[Stretch] = []
    for start, end in sorted(busy):
        if stretches and bisect_right(quiet, stretches[-1][1]) == bisect_right(quiet, start):
            stretches[-1] = (stretches[-1][0], max(stretches[-1][1], end))
        else:
            stretches.append((start, end))
    return stretches


def _shade(stretches: list[Stretch], opacity: float, x: Spec) -> Layer:
    rows = [{"at": s(start), "until": s(end)} for start, end in stretches]
    return data(rows).mark("rect", color=colour("shade"), opacity=opacity).encode(x=x, x2="until")
