"""Flushing in pieces: what is recorded between two of them is for the next flush, and is not said to be on disk."""

from __future__ import annotations

import time
from pathlib import Path

from spooled_runs import etag, spool_of

from loadtest.run.files import READS_SUFFIX, REGISTRATION_SUFFIX, SPOOL_FOLDER
from loadtest.run.presence import Pulse, Written, pulse_of
from loadtest.run.records import ReadOutcome
from loadtest.run.spool_format import SPOOLED_READ_DTYPE

ONE = (0, etag(0), None, ReadOutcome.WHOLE)


def said(run_dir: Path) -> Pulse:
    (registration,) = (run_dir / SPOOL_FOLDER).glob(f"*{REGISTRATION_SUFFIX}")
    pulse = pulse_of(registration)
    assert pulse is not None
    return pulse


def test_what_is_recorded_between_two_pieces_is_for_the_next_flush(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, ONE, ONE)
    (reads,) = (tmp_path / SPOOL_FOLDER).glob(f"*{READS_SUFFIX}")
    begun = said(tmp_path)
    for _ in spool.flushing():
        assert said(tmp_path) == begun  # nothing is said before all is written
        between_ns = time.monotonic_ns()
        spool.read(9, 9, 9, 9, 200, 0, 1, 0, 9, ReadOutcome.WHOLE)
        on_disk = reads.read_bytes()
    pulse = said(tmp_path)
    assert begun.until_ns < pulse.until_ns < between_ns
    assert len(on_disk) == 2 * SPOOLED_READ_DTYPE.itemsize
    assert pulse.files[READS_SUFFIX] == Written().and_then(on_disk)
    spool.flush()
    assert said(tmp_path).files[READS_SUFFIX].size == spool.recorded * SPOOLED_READ_DTYPE.itemsize
    spool.close()


def test_a_flush_that_was_begun_and_not_ended_costs_no_record(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, ONE, ONE)
    next(spool.flushing())
    spool.read(9, 9, 9, 9, 200, 0, 1, 0, 9, ReadOutcome.WHOLE)
    spool.close()
    (reads,) = (tmp_path / SPOOL_FOLDER).glob(f"*{READS_SUFFIX}")
    assert reads.stat().st_size == 3 * SPOOLED_READ_DTYPE.itemsize
