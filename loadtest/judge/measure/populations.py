"""Which reads each row of the latencies is about. Reads are divided into parts, and a population is some of the parts.

A read belongs to the window in which it was due. ::

                       quiet    writing, no PUT    writing, a PUT     elsewhere
    answered 200         ·             ·                  ·               ·
    answered 304         ·             ·                  ·               ·
"""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np

from loadtest.judge.measure.flights import due_during_put
from loadtest.run.history.blocks import in_blocks, places
from loadtest.run.history.history import Column, Flags, History
from loadtest.run.records import ReadOutcome, WindowKind

_ELSEWHERE, _QUIET, _CLEAR_OF_PUT, _DURING_PUT = range(4)
_OTHER_STATUS, _200, _304 = range(3)
_WHEN: Final = 4
PARTS: Final = 12
NO_PART: Final = -1
"""The number for reads that did not succeed."""


def _parts(statuses: tuple[int, ...], when: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(status * _WHEN + place for status, place in product(statuses, when))


_ANY_STATUS: Final = (_OTHER_STATUS, _200, _304)
_ANY_TIME: Final = (_ELSEWHERE, _QUIET, _CLEAR_OF_PUT, _DURING_PUT)
POPULATIONS: Final = {
    "all": _parts(_ANY_STATUS, _ANY_TIME),
    "200": _parts((_200,), _ANY_TIME),
    "304": _parts((_304,), _ANY_TIME),
    "quiet": _parts(_ANY_STATUS, (_QUIET,)),
    "writing": _parts(_ANY_STATUS, (_CLEAR_OF_PUT, _DURING_PUT)),
    "overlapping-put": _parts(_ANY_STATUS, (_DURING_PUT,)),
    "clear-of-put": _parts(_ANY_STATUS, (_CLEAR_OF_PUT,)),
}
"""The parts of each population, by the name that its row has."""


def successful(history: History) -> Flags:
    """Reads that were answered as they should be: 200 with a whole document, or 304 to a condition."""
    outcome = history.reads.outcome
    flags: Flags = (outcome == ReadOutcome.WHOLE.value) | (outcome == ReadOutcome.NOT_MODIFIED.value)
    return flags


def window_of(history: History) -> Column:
    """The window (by place) that each read was due in; -1 if there is none, or if its clock leaves open which.

    A read of a worker with another clock was due at ``scheduled_ns`` at the earliest, and ``widening_ns`` later at the
    latest. One that may have been due in a writing window must not count as quiet.
    """
    windows, reads = history.windows, history.reads
    if not len(windows):
        return np.full(len(reads), -1, dtype=np.int32)

    def of_block(block: slice) -> Column:
        due = reads.scheduled_ns[block]
        latest = due if reads.on_one_clock else due + reads.widening_ns[block]
        place = places(windows.start_ns, due, "right") - 1
        return np.where((place >= 0) & (latest < windows.end_ns[place]), place, -1)

    return in_blocks(len(reads), np.int32, of_block)


def part_of(history: History) -> Column:
    """The part that each read is in; ``NO_PART`` for one that did not succeed."""
    ok, window, during = history.once(successful), history.once(window_of), history.once(due_during_put)
    status = history.reads.status
    by_kind = np.full(256, _ELSEWHERE, dtype=np.int8)
    by_kind[[WindowKind.QUIET, WindowKind.WRITING]] = _QUIET, _CLEAR_OF_PUT
    without = _ELSEWHERE if len(history.windows) else _CLEAR_OF_PUT  # without windows, it is written to all the time
    by_window = np.append(by_kind[history.windows.kind], np.int8(without))  # the last is for -1

    def of_block(block: slice) -> Column:
        when = by_window[window[block]]
        when += (when == _CLEAR_OF_PUT) & during[block]
        answer = (status[block] == 200) * np.int8(_200) + (status[block] == 304) * np.int8(_304)
        return np.where(ok[block], answer * np.int8(_WHEN) + when, np.int8(NO_PART))

    return in_blocks(len(ok), np.int8, of_block)


def members_of(history: History, population: str) -> Flags:
    flags = np.zeros(PARTS + 1, dtype=np.bool_)  # the last is for NO_PART
    flags[list(POPULATIONS[population])] = True
    return np.take(flags, history.once(part_of))
