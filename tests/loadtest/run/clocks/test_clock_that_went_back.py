"""A worker whose clock went back while it read: the run is INCONCLUSIVE and names it, and nothing is wrongly found."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from killed_runs import killed_run
from spooled_runs import RUN, SIZE, etag, kill, said_of

from loadtest.judge.analyse import summarise
from loadtest.run.clocks.clock_bounds import EXCHANGE_DTYPE, ClockBounds
from loadtest.run.clocks.clock_steps import longest_step_back_ns
from loadtest.run.clocks.clocks import clocks_of
from loadtest.run.clocks.exchange_files import ExchangeRows, exchange_file
from loadtest.run.loading import load_history
from loadtest.run.records import ReadOutcome, Verdict
from loadtest.run.run_file import write_run
from loadtest.run.sealing.sealing import seal
from loadtest.run.spool.spool import Spool
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE

SECOND = 10**9
NAMED = "Worker 2 of 2 cannot be compared with the others: its clock jumped back by"


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run that can be judged, with a second worker that has recorded nothing yet."""
    run_dir = killed_run(tmp_path / "run")
    for path in run_dir.glob("spool/[01]-*"):
        path.unlink()
    recorded_by(run_dir, 0, *((1, 100 * number) for number in range(1, 30)))
    run = said_of(run_dir)
    start_ns = run["plan"]["start_ns"]
    run |= {
        "started": "2026-01-01T00:00:00Z",
        "clock": {"name": "CLOCK_MONOTONIC"},
        "target": {"url": "http://127.0.0.1:1/v1/samples", "bucket": "data", "object_key": "payload.json"},
        "ended": {"at_ns": start_ns + SECOND, "recovered": True, "reason": "killed"},
    }
    run["settings"] |= {
        "write_interval": 0.5, "arrival_rate": 0.0, "conditional_share": 0.5, "window": 2.0, "max_staleness": 0.0,
        "impact_tolerance": 1.25,
    }  # fmt: skip
    run["plan"]["window_ns"] = SECOND
    write_run(run_dir, run)
    return run_dir


def recorded_by(run_dir: Path, worker: int, *reads: tuple[int, int], samples: tuple[int, ...] = ()) -> None:
    """One reader's reads, each a version and when it was called after the start by the worker's own clock."""
    start_ns = said_of(run_dir)["plan"]["start_ns"]
    spool = Spool(run_dir, worker, RUN)
    spool.sessions = 1
    for version, at_ns in reads:
        called = start_ns + at_ns
        line = spool.etag_line(etag(version))
        spool.read(0, called, called, called + 5, 200, version, line, 0, SIZE, ReadOutcome.WHOLE)
    for at_ns in samples:
        spool.sample(start_ns + at_ns, 0, 0, 0)
    spool.flush()
    kill(spool)


def judged(run_dir: Path) -> Any:
    seal(run_dir)
    return summarise(load_history(run_dir))


def test_a_clock_that_goes_on_is_no_finding(run_dir: Path) -> None:
    recorded_by(run_dir, 1, (0, 1), (1, 600), (1, 900), samples=(1, 2, 3))
    assert "jumped" not in str(judged(run_dir))


def test_reads_in_the_wrong_order_are_no_readers_that_go_back_in_time(run_dir: Path) -> None:
    """Version 1 was put between the two reads; by the worker's clock the old version was read last."""
    recorded_by(run_dir, 1, (0, 5_000), (1, 600), (1, 700))
    summary = judged(run_dir)
    assert summary.verdict is Verdict.INCONCLUSIVE, [check.sentence for check in summary.checks]
    assert all(check.verdict is not Verdict.FAIL for check in summary.checks)
    assert NAMED in summary.checks[0].sentence
    reads = load_history(run_dir).reads
    own = reads.worker == 1
    assert (reads.own_returned_ns[own] - reads.called_ns[own] == 5).all(), "how long each took is known all the same"


def test_a_step_between_two_samples_is_seen(run_dir: Path) -> None:
    recorded_by(run_dir, 1, (1, 600), samples=(1_000, 2_000, 500))
    assert f"{NAMED} 1.50 µs or more while it read" in judged(run_dir).checks[0].sentence


def test_a_step_of_another_clock_is_seen_by_its_exchanges(run_dir: Path) -> None:
    recorded_by(run_dir, 1, (0, 1), (1, 600))
    run, rows = said_of(run_dir), ExchangeRows()
    start_ns = run["plan"]["start_ns"]
    remote = [start_ns, start_ns + 100, start_ns - SECOND]
    exchanges = [(start_ns + 300 * n, read, start_ns + 300 * n + 10) for n, read in enumerate(remote)]
    exchange_file(run_dir, 1).write_bytes(b"".join(rows.next(*each) for each in exchanges))
    run["manifest"]["processes"][1]["clock"] = {"one": False, "start": None, "asked_ns": None}
    write_run(run_dir, run)
    assert clocks_of(run_dir, run)[1].went_back
    summary = judged(run_dir)
    assert summary.verdict is Verdict.INCONCLUSIVE
    assert f"{NAMED} 1.00 s or more while it read" in summary.checks[0].sentence


def test_a_clock_that_stopped_being_the_masters_is_bounded_like_another(run_dir: Path) -> None:
    """By the master's clock its reads would be five seconds late, and each of them stale."""
    recorded_by(run_dir, 1, (0, 1), (0, 5 * SECOND))
    run, rows = said_of(run_dir), ExchangeRows()
    start_ns = run["plan"]["start_ns"]
    exchanges = [(start_ns, start_ns, start_ns + 10), (start_ns + 500, start_ns + 5 * SECOND, start_ns + 510)]
    exchange_file(run_dir, 1).write_bytes(b"".join(rows.next(*each) for each in exchanges))
    run["manifest"]["processes"][1]["clock"] = {"one": True, "jumped": "its clock jumped", "asked_ns": None}
    write_run(run_dir, run)
    bounds = clocks_of(run_dir, run)[1]
    assert bounds.jumps
    assert bounds.earliest(np.array([start_ns + 5 * SECOND])).tolist() == [start_ns + 500]


@given(
    ends=st.lists(st.integers(1, 30), min_size=2, max_size=60),
    sessions=st.lists(st.integers(0, 3), min_size=60, max_size=60),
    step=st.integers(1, 10**6),
    data=st.data(),
)
def test_every_step_that_a_reader_straddles_is_seen_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, ends: list[int], sessions: list[int], step: int, data: st.DataObject
) -> None:
    reads = np.zeros(len(ends), dtype=SPOOLED_READ_DTYPE)
    reads["session"] = sessions[: len(ends)]
    reads["returned_ns"] = 10**9 + np.cumsum(ends)
    reads["called_ns"] = reads["returned_ns"] - 1
    path = tmp_path_factory.mktemp("spool") / "0-1.reads"
    run = {"spooled_fields": len(SPOOLED_READ_DTYPE.names or ())}
    path.write_bytes(reads.tobytes())
    assert longest_step_back_ns(path, run) == 0
    place = data.draw(st.integers(1, len(ends) - 1))
    for name in ("called_ns", "returned_ns"):
        reads[name][place:] -= step
    path.write_bytes(reads.tobytes())
    straddling = [
        int(reads["returned_ns"][before] - reads["called_ns"][after])
        for before in range(place)
        for after in range(place, len(ends))
        if reads["session"][before] == reads["session"][after]
        and reads["session"][after] not in reads["session"][before + 1 : after]
    ]
    assert longest_step_back_ns(path, run) == max([0, *straddling])


@given(seed=st.integers(0, 2**32), step=st.integers(10 * SECOND, 10**15))
def test_the_truth_is_within_the_bounds_of_a_clock_that_went_back(seed: int, step: int) -> None:
    random = np.random.default_rng(seed)
    sent = np.arange(0, 60 * SECOND, SECOND // 4)
    answered = sent + random.integers(1, 5_000_000, len(sent))
    offset = int(random.integers(10**16, 2 * 10**16))

    def reads(moments: np.ndarray) -> np.ndarray:
        return moments + offset - np.where(moments >= 30 * SECOND, step, 0)

    exchanges = np.zeros(len(sent), dtype=EXCHANGE_DTYPE)
    exchanges["sent_ns"], exchanges["remote_ns"] = sent, reads(answered)
    exchanges["received_ns"] = answered + random.integers(1, 5_000_000, len(sent))
    bounds = ClockBounds.of(exchanges)
    assert bounds.went_back
    assert -bounds.jumps[0].by_ns <= step
    moments = np.sort(random.integers(0, 62 * SECOND, 100))
    assert (bounds.earliest(reads(moments)) <= moments).all()
    assert (bounds.latest(reads(moments)) >= moments).all()
