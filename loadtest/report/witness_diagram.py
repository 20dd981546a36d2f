"""Where the operations of a witness lie on its small diagram: bars on one axis, with long idle gaps cut out.

Places are percentages of the width, so that the text of the drawing (inline SVG in the page) stays readable on a phone.
A witness often holds a write of milliseconds and a read seconds later, so a long idle gap is drawn short, marked as
cut, and labelled with its true length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from loadtest import units
from loadtest.report.operations import operation_text, operation_times
from loadtest.summary.findings import Operation, Witness

_LEFT: Final = 1.0
_RIGHT: Final = 97.0
_LEAST_BAR: Final = 0.6
_GAP_SHARE: Final = 9.0  # width of a gap that was cut
_LONG_GAP: Final = 0.25  # of the whole span: gaps from here on are cut


@dataclass(frozen=True)
class Bar:
    """One operation: where it begins, how wide it is, and what is written above it."""

    label: str
    times: str
    kind: str  # "write" or "read"
    left: float
    width: float
    open_ended: bool  # it never returned: the bar runs on to the edge


@dataclass(frozen=True)
class Gap:
    """An idle stretch that was cut: its middle, and its true length."""

    middle: float
    text: str


@dataclass(frozen=True)
class Diagram:
    """All of a witness, placed."""

    bars: tuple[Bar, ...]
    gaps: tuple[Gap, ...]
    zero: float | None  # the moment that all times are relative to; None when it lies outside


def diagram(witness: Witness) -> Diagram:
    axis = _Axis(witness.operations)
    return Diagram(
        bars=tuple(_bar(operation, axis) for operation in witness.operations),
        gaps=tuple(Gap(axis.place((start + end) // 2), units.duration(end - start)) for start, end in axis.cut),
        zero=round(axis.place(0), 2) if axis.start <= 0 <= axis.end else None,
    )


def _bar(operation: Operation, axis: _Axis) -> Bar:
    left = axis.place(operation.called_ns)
    right = 100.0 if operation.returned_ns is None else axis.place(operation.returned_ns)
    return Bar(
        label=operation_text(operation),
        times=operation_times(operation),
        kind=operation.kind,
        left=round(left, 2),
        width=round(max(right - left, _LEAST_BAR), 2),
        open_ended=operation.returned_ns is None,
    )


class _Axis:
    """Maps a time to its place, with the long gaps in which no operation was under way cut out."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        spans = sorted((operation.called_ns, _end(operation)) for operation in operations) or [(0, 0)]
        busy = [spans[0]]
        for called, returned in spans[1:]:
            start, end = busy[-1]
            if called <= end:
                busy[-1] = (start, max(end, returned))
            else:
                busy.append((called, returned))
        self.start, self.end = busy[0][0], busy[-1][1]
        whole = max(1, self.end - self.start)
        gaps = [(before[1], after[0]) for before, after in pairwise(busy)]
        self.cut = [gap for gap in gaps if gap[1] - gap[0] > whole * _LONG_GAP]
        shown = whole - sum(end - start for start, end in self.cut)
        self._scale = (_RIGHT - _LEFT - _GAP_SHARE * len(self.cut)) / max(1, shown)

    def place(self, time_ns: int) -> float:
        """Percent of the width at which ``time_ns`` lies."""
        place = _LEFT + (time_ns - self.start) * self._scale
        for start, end in self.cut:
            passed = min(max(time_ns - start, 0), end - start)
            place += passed / (end - start) * _GAP_SHARE - passed * self._scale
        return place


def _end(operation: Operation) -> int:
    return operation.called_ns if operation.returned_ns is None else operation.returned_ns
