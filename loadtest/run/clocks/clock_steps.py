"""Whether the clock of a process went back while it recorded, as its own record shows.

CLOCK_MONOTONIC never goes back while a system runs; that of a virtual machine may when the machine is moved or taken
back to a snapshot. Records are appended in order of time, so the record itself shows it: a sample of the generator's
health (fifty a second) that is earlier than the one before, or a read that its reader called before its last one had
returned. ::

    one reader, in order of the file     ├──┤ 10.0 … 10.1     ├──┤ 5.2 … 5.3      back by 4.9 s at least

A step back that is shorter than the time between two samples and between two reads of every reader is not seen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from loadtest.run.files import READS_SUFFIX, SAMPLES_SUFFIX
from loadtest.run.records import ReadOutcome
from loadtest.run.spool.spool_format import SPOOLED_SAMPLE_DTYPE, load_records, spooled_fields

_BLOCK: Final = 2**20
_OVERLAP: Final = 2**14
"""Blocks share so many reads, for the last read of each reader before a block."""


def longest_step_back_ns(registration: Path, run: dict[str, Any]) -> int:
    """By how much at least the clock of a process went back at once; 0 when it never did."""
    sampled_ns = load_records(registration.with_suffix(SAMPLES_SUFFIX), SPOOLED_SAMPLE_DTYPE)["at_ns"]
    longest = int((sampled_ns[:-1] - sampled_ns[1:]).max(initial=0))
    path, fields = registration.with_suffix(READS_SUFFIX), spooled_fields(run)
    count = path.stat().st_size // fields.itemsize if path.exists() else 0
    if not count:
        return longest
    reads = np.memmap(path, dtype=fields, mode="r", shape=(count,))
    for begin in range(0, count, _BLOCK):
        longest = max(longest, _in_block(reads[max(0, begin - _OVERLAP) : begin + _BLOCK]))
    return longest


def _in_block(reads: np.ndarray[Any, np.dtype[Any]]) -> int:
    sent = reads["outcome"] != ReadOutcome.NOT_SENT  # these belong to no reader
    session, called, returned = (reads[name][sent] for name in ("session", "called_ns", "returned_ns"))
    if int(session.max(initial=0)) < 2**16:
        session = session.astype(np.uint16)  # which is sorted several times as fast
    order = np.argsort(session, kind="stable")
    called, returned = called[order], returned[order]
    of_one_reader = session[order][1:] == session[order][:-1]
    steps = (returned[:-1] - called[1:])[of_one_reader]
    return max(int(steps.max(initial=0)), int((called - returned).max(initial=0)))
