"""How stale a read was, as an interval."""

from __future__ import annotations

from loadtest.judge.order.timeline import Timeline
from loadtest.run.history import Column, History


def staleness(history: History, times: Timeline, stale: Column) -> tuple[Column, Column]:
    """The least and the greatest possible staleness of each of the ``stale`` reads, in ns."""
    superseding = times.superseded_by[times.version[stale]]
    low = history.reads.called_ns[stale] - times.acknowledged_returned_ns[superseding]
    high = history.reads.returned_ns[stale] - times.acknowledged_called_ns[superseding]
    return low, high
