"""The progress of a run as text: a plain line for a log, a few lines of coloured parts for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from loadtest import units
from loadtest.load.reading.recorder import Counts
from loadtest.units import SECOND

Part = tuple[str, str]
"""A text and the name of its style: plain, good, bad, doubtful or faint."""

Line = tuple[Part, ...]

DOUBTFUL_DELAY_NS: Final = SECOND // 100
"""A generator this late is marked on the display. What it means for the verdict is decided in the report."""
_SEPARATOR: Final[Part] = (" · ", "faint")
_MOST_BAR_COLUMNS: Final = 40


@dataclass(frozen=True)
class Snapshot:
    """The state of a run at one moment. Counts are lower bounds: the report counts exactly."""

    elapsed_ns: int
    total_ns: int | None
    window: str
    counts: Counts
    writes: int
    reads_per_second: float | None
    trouble: str = ""


def plain_line(snapshot: Snapshot) -> str:
    """One line for a log."""
    counts = snapshot.counts
    parts = [
        units.counted(counts.reads, "read"),
        units.counted(snapshot.writes, "write"),
        f"{units.counted(counts.stale, 'stale read')} so far",
        f"{counts.not_modified:,} answered 304",
    ]
    if counts.broken:
        parts.append(f"{counts.broken:,} not whole or not ours")
    if counts.errors:
        parts.append(units.counted(counts.errors, "error"))
    trouble = f"; {snapshot.trouble}" if snapshot.trouble else ""
    return f"{_clock(snapshot)}, {snapshot.window}: {', '.join(parts)}{trouble}"


def status_lines(snapshot: Snapshot, width: int) -> list[Line]:
    """The lines for a terminal of ``width`` columns: how far the run is, then its counts, wrapped between counts."""
    return [_how_far(snapshot, width), *_filled(_counts(snapshot), width)]


def _how_far(snapshot: Snapshot, width: int) -> Line:
    text = f"{_clock(snapshot)}, {snapshot.window}"
    columns = min(_MOST_BAR_COLUMNS, width - len(text) - 2)
    if snapshot.total_ns is None or columns < 10:
        return ((_cut(text, width), "plain"),)
    done = round(columns * min(1.0, snapshot.elapsed_ns / snapshot.total_ns))
    return (("━" * done, "good"), ("━" * (columns - done), "faint"), (f"  {text}", "plain"))


def _counts(snapshot: Snapshot) -> Iterator[Part]:
    counts = snapshot.counts
    answered = counts.reads - counts.errors
    rate = f" ({units.rate(snapshot.reads_per_second)})" if snapshot.reads_per_second is not None else ""
    yield units.counted(counts.reads, "read") + rate, "plain"
    yield units.counted(snapshot.writes, "write"), "plain"
    yield f"{counts.stale:,} stale", "bad" if counts.stale else "plain"
    yield f"304: {f'{100 * counts.not_modified / answered:.1f} %' if answered else 'none yet'}", "plain"
    yield f"{counts.broken:,} not whole", "bad" if counts.broken else "plain"
    yield units.counted(counts.errors, "error"), "bad" if counts.errors else "plain"
    late = counts.loop_delay_ns >= DOUBTFUL_DELAY_NS
    yield f"generator delay {units.duration(counts.loop_delay_ns)}", "doubtful" if late else "plain"
    if snapshot.trouble:
        yield snapshot.trouble, "bad"


def _filled(parts: Iterable[Part], width: int) -> Iterator[Line]:
    """The parts in as few lines as can hold them."""
    line: list[Part] = []
    used = 0
    for text, style in parts:
        part = (_cut(text, width), style)
        if line and used + len(_SEPARATOR[0]) + len(part[0]) > width:
            yield tuple(line)
            line, used = [], 0
        if line:
            line.append(_SEPARATOR)
            used += len(_SEPARATOR[0])
        line.append(part)
        used += len(part[0])
    if line:
        yield tuple(line)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def _clock(snapshot: Snapshot) -> str:
    if snapshot.total_ns is None:
        return _minutes(snapshot.elapsed_ns)
    return f"{_minutes(min(snapshot.elapsed_ns, snapshot.total_ns))} of {_minutes(snapshot.total_ns + SECOND - 1)}"


def _minutes(nanoseconds: int) -> str:
    minutes, seconds = divmod(nanoseconds // SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
