"""What is spooled is what is sealed; a killed run is recovered; a damaged one is refused in one sentence."""

import dataclasses
import shutil
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from spooled_runs import column, etag, kill, not_ended, said_of, spool_of, write

from loadtest.__main__ import main
from loadtest.errors import UsageError
from loadtest.run.files import READS_SUFFIX, REGISTRATION_SUFFIX, SEALED_FOLDER, SPOOL_FOLDER
from loadtest.run.history.history import Reads, Samples, Windows, Writes
from loadtest.run.records import (
    GENERATOR_DTYPE,
    NEVER_RETURNED,
    NO_VERSION,
    READ_DTYPE,
    UNKNOWN_VERSION,
    WINDOW_DTYPE,
    WRITE_DTYPE,
    WRITER_SESSION,
    ReadOutcome,
    WriteOutcome,
)
from loadtest.run.sealing.sealing import is_sealed, seal
from loadtest.run.spool.presence import Pulse, Written, pulse_of
from loadtest.run.spool.spool import Spool
from loadtest.run.spool.spool_format import NO_ETAG, SPOOLED_READ_DTYPE, SPOOLED_SAMPLE_DTYPE, spooled_fields

ONE = (0, etag(0), None, ReadOutcome.WHOLE)


def test_etags_become_versions_and_a_304_is_a_read_of_the_version_that_was_held(run_dir: Path) -> None:
    spool_of(
        run_dir,
        (0, etag(0), None, ReadOutcome.WHOLE),
        (1, None, etag(1), ReadOutcome.NOT_MODIFIED),
        (1, f"W/{etag(1)}", None, ReadOutcome.WHOLE),
        (NO_VERSION, '"of-somebody-else"', None, ReadOutcome.FOREIGN),
        (1, None, None, ReadOutcome.WHOLE),
    ).close()
    seal(run_dir)
    assert column(run_dir, "version") == [0, 1, 1, NO_VERSION, 1]
    assert column(run_dir, "etag_version") == [0, NO_VERSION, 1, UNKNOWN_VERSION, NO_VERSION]
    assert column(run_dir, "sent_version") == [NO_VERSION, 1, NO_VERSION, NO_VERSION, NO_VERSION]
    assert column(run_dir, "outcome") == [
        ReadOutcome.WHOLE, ReadOutcome.NOT_MODIFIED, ReadOutcome.WHOLE, ReadOutcome.FOREIGN, ReadOutcome.WHOLE,
    ]  # fmt: skip
    assert column(run_dir, "loop_delay_ns", "generator.parquet") == [2]


def test_an_etag_that_names_another_version_than_the_body_is_a_mismatch(run_dir: Path) -> None:
    spool_of(run_dir, (1, etag(0), None, ReadOutcome.WHOLE), (1, etag(1), None, ReadOutcome.WHOLE)).close()
    seal(run_dir)
    assert column(run_dir, "outcome") == [ReadOutcome.ETAG_MISMATCH, ReadOutcome.WHOLE]
    assert column(run_dir, "version") == [1, 1]


def test_a_put_without_an_answer_is_unknown_and_its_etag_is_computed(run_dir: Path) -> None:
    with (run_dir / "writes.jsonl").open("a") as journal:
        journal.write(write(2, 1100, 1200, WriteOutcome.UNKNOWN) + write(3, 1300, 1310, WriteOutcome.REFUSED))
        journal.write(write(4, 1400))
    spool_of(run_dir, (2, etag(2), None, ReadOutcome.WHOLE), (4, etag(4), None, ReadOutcome.WHOLE)).close()
    seal(run_dir)
    assert column(run_dir, "outcome", "writes.parquet") == [0, 0, WriteOutcome.UNKNOWN, WriteOutcome.REFUSED, 2]
    assert column(run_dir, "returned_ns", "writes.parquet") == [20, 1020, NEVER_RETURNED, 1310, NEVER_RETURNED]
    assert column(run_dir, "gave_up_ns", "writes.parquet") == [0, 0, 1200, 0, 0]  # 4: nobody knows when
    assert column(run_dir, "etag_version") == [2, 4]


def test_of_a_long_etag_a_digest_is_kept_and_names_what_its_put_was_told(run_dir: Path) -> None:
    long = "e" * 60_000
    (run_dir / "writes.jsonl").write_text(write(0, 10, 20, tag=f'"{long}"') + write(1, 1010, 1020, tag='"b"'))
    reads = [
        (0, f'"{long}"', None, ReadOutcome.WHOLE),
        (1, f'W/"{long}"', None, ReadOutcome.WHOLE),
        (1, f'"{long}f"', None, ReadOutcome.WHOLE),
    ]
    spool_of(run_dir, *reads).close()
    assert all(path.stat().st_size < 1_000 for path in (run_dir / SPOOL_FOLDER).glob("*.etags"))
    seal(run_dir)
    assert column(run_dir, "etag_version") == [0, 0, 1]
    assert column(run_dir, "outcome") == [ReadOutcome.WHOLE, ReadOutcome.ETAG_MISMATCH, ReadOutcome.WHOLE]


def test_etags_that_are_not_md5_are_not_guessed(run_dir: Path) -> None:
    (run_dir / "writes.jsonl").write_text(write(0, 10, 20, tag='"kms"') + write(1, 1010))
    spool_of(run_dir, (NO_VERSION, etag(1), None, ReadOutcome.TORN)).close()
    seal(run_dir)
    assert column(run_dir, "etag_version") == [UNKNOWN_VERSION]


def test_a_304_for_an_etag_that_the_journal_does_not_know_is_a_read_of_the_document_that_came_with_it(
    run_dir: Path,
) -> None:
    spool_of(run_dir, (1, None, '"changed-on-the-way"', ReadOutcome.NOT_MODIFIED)).close()
    seal(run_dir)
    assert column(run_dir, "version") == [1]
    assert column(run_dir, "outcome") == [ReadOutcome.NOT_MODIFIED]


def test_request_ids_of_suspicious_reads_and_of_puts_are_kept(run_dir: Path) -> None:
    journal = run_dir / "writes.jsonl"
    journal.write_text(journal.read_text().replace('"error": ""', '"error": "", "request_id": "put-id"'))
    spool = spool_of(run_dir, (0, None, None, ReadOutcome.WHOLE), worker=3)
    spool.request(5, 1000, "read-id")
    spool.close()
    seal(run_dir)
    rows = pq.read_table(run_dir / "requests.parquet").to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (0, WRITER_SESSION, 10, "put-id"), (0, WRITER_SESSION, 1010, "put-id"), (3, 5, 1000, "read-id"),
    ]  # fmt: skip


def test_windows_that_were_over_are_sealed_with_their_guard_cut(run_dir: Path) -> None:
    spool_of(run_dir).close()
    seal(run_dir)
    assert column(run_dir, "start_ns", "windows.parquet") == [1010, 1110, 1210, 1310, 1410]
    assert column(run_dir, "pair", "windows.parquet") == [0, 0, 1, 1, 2]


def test_several_workers_are_put_together(run_dir: Path) -> None:
    spool_of(run_dir, (0, None, None, ReadOutcome.WHOLE), worker=1).close()
    spool_of(run_dir, (1, None, None, ReadOutcome.WHOLE)).close()
    seal(run_dir)
    assert sorted(zip(column(run_dir, "worker"), column(run_dir, "version"), strict=True)) == [(0, 1), (1, 0)]
    assert is_sealed(run_dir)


def test_a_body_that_came_after_its_304_was_recorded_is_part_of_it(run_dir: Path) -> None:
    spool = spool_of(
        run_dir,
        (0, etag(0), etag(0), ReadOutcome.NOT_MODIFIED),
        (0, etag(0), etag(0), ReadOutcome.NOT_MODIFIED),
        (1, etag(1), None, ReadOutcome.WHOLE),
    )
    spool.body_after_304(1, 77)
    spool.body_after_304(3, 77)  # a killed run need not have flushed the read itself
    spool.close()
    seal(run_dir)
    assert column(run_dir, "outcome") == [
        ReadOutcome.NOT_MODIFIED,
        ReadOutcome.NOT_MODIFIED_WITH_BODY,
        ReadOutcome.WHOLE,
    ]
    assert column(run_dir, "version") == [0, NO_VERSION, 1]
    assert column(run_dir, "body_bytes") == [9, 77, 9]


def test_a_killed_run_is_recovered_up_to_its_last_whole_record(run_dir: Path) -> None:
    not_ended(run_dir)
    spool = spool_of(run_dir, (0, etag(0), None, ReadOutcome.WHOLE), (1, etag(1), None, ReadOutcome.WHOLE))
    spool.flush()
    kill(spool)
    reads = next((run_dir / SPOOL_FOLDER).glob("*.reads"))
    reads.write_bytes(reads.read_bytes()[:-1])
    with (run_dir / "writes.jsonl").open("a") as journal:
        journal.write('{"version": 2, "sched')
    seal(run_dir)
    assert column(run_dir, "version") == [0]
    ended = said_of(run_dir)["ended"]
    assert ended["recovered"] is True
    assert ended["at_ns"] == 1005


def test_a_run_that_is_still_being_recorded_is_left_alone(run_dir: Path) -> None:
    spool_of(run_dir).flush()
    with pytest.raises(UsageError, match="is still being recorded by process"):
        seal(run_dir)
    assert not is_sealed(run_dir)


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("run.json", "{", "holds no readable run.json"),
        ("run.json", None, "holds no readable run.json"),
        ("writes.jsonl", None, "is missing"),
        ("writes.jsonl", 'x\n{"version": 1}\n', "line 1, is damaged"),
        ("writes.jsonl", '{"version": "x"}\n{}\n', "line 1, is damaged"),
        ("writes.jsonl", write(0, 10, 20).partition("\n")[2], "lacks a line of a PUT"),
        ("writes.jsonl", write(0, 10, 20).replace('"called_ns": 10', '"called_ns": "10 ns"'), "that was altered"),
        ("writes.jsonl", write(0, 10, 20).replace('"outcome": 0', '"outcome": 9'), "that was altered"),
    ],
)
def test_a_damaged_run_is_refused_in_one_sentence(run_dir: Path, file: str, content: str | None, sentence: str) -> None:
    spool_of(run_dir).close()
    if content is None:
        (run_dir / file).unlink()
    else:
        (run_dir / file).write_text(content)
    with pytest.raises(UsageError, match=sentence):
        seal(run_dir)
    assert not is_sealed(run_dir)


def test_the_packed_record_is_what_the_dtype_says(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 3)
    spool.read(1, 2, 3, 4, 5, -6, 7, NO_ETAG, 9, 10, 11)
    spool.close()
    path = next((tmp_path / SPOOL_FOLDER).glob("*.reads"))
    assert np.fromfile(path, dtype=SPOOLED_READ_DTYPE).tolist() == [(1, 2, 3, 4, 5, -6, 7, NO_ETAG, 9, 10, 11)]


class Killed(BaseException):
    """Stands for a SIGKILL at this place."""


def test_a_run_whose_sealing_was_killed_while_it_cleared_away_is_sealed(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spool_of(run_dir, (0, None, None, ReadOutcome.WHOLE)).close()

    def killed(folder: Path, **_kwargs: Any) -> None:
        next(folder.glob("*.reads")).unlink()
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(shutil, "rmtree", killed)
        seal(run_dir)
    assert is_sealed(run_dir)
    assert (run_dir / SEALED_FOLDER).exists()
    assert main(["report", "--quiet", str(run_dir)]) == 2  # there is too little in this run.json
    assert "run.json" in capsys.readouterr().err
    assert column(run_dir, "version") == [0]
    assert {path.name for path in run_dir.iterdir() if path.suffix != ".parquet"} == {"run.json", "SHA256SUMS"}


def test_a_run_whose_sealing_was_killed_while_it_described_the_run_is_sealed_again(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = not_ended(run_dir)
    spool_of(run_dir, (0, None, None, ReadOutcome.WHOLE)).close()
    replace = Path.replace

    def killed(path: Path, target: Path) -> Path:
        if target.name == "run.json":
            raise Killed
        return replace(path, target)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Path, "replace", killed)
        seal(run_dir)
    assert said_of(run_dir) == run
    assert not is_sealed(run_dir)
    seal(run_dir)
    assert column(run_dir, "version") == [0]
    assert is_sealed(run_dir)


@pytest.mark.parametrize(
    ("columns", "dtype"),
    [(Reads, READ_DTYPE), (Writes, WRITE_DTYPE), (Windows, WINDOW_DTYPE), (Samples, GENERATOR_DTYPE)],
)
def test_the_columns_of_a_history_are_the_fields_of_the_records(columns: Any, dtype: np.dtype) -> None:
    assert [field.name for field in dataclasses.fields(columns)] == list(dtype.names or ())


def test_a_spool_of_format_2_stays_readable() -> None:
    """Its records are packed: a run that was killed is sealed by whichever version comes next."""
    at_first = spooled_fields({})
    assert [(name, at_first[name].str) for name in at_first.names or ()] == [
        ("session", "<u4"), ("scheduled_ns", "<i8"), ("called_ns", "<i8"), ("returned_ns", "<i8"), ("status", "<u2"),
        ("version", "<i4"), ("etag", "<u4"), ("sent_etag", "<u4"), ("body_bytes", "<u4"), ("outcome", "|u1"),
    ]  # fmt: skip
    assert at_first.itemsize == struct.calcsize("<IqqqHiIIIB")
    assert SPOOLED_SAMPLE_DTYPE.itemsize == struct.calcsize("<5q")


def said(run_dir: Path) -> Pulse:
    (registration,) = (run_dir / SPOOL_FOLDER).glob(f"*{REGISTRATION_SUFFIX}")
    pulse = pulse_of(registration)
    assert pulse is not None
    return pulse


def test_a_flush_says_up_to_when_all_is_on_disk_and_what_that_is(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, ONE, ONE)
    (reads,) = (tmp_path / SPOOL_FOLDER).glob(f"*{READS_SUFFIX}")
    begun = said(tmp_path)
    recorded_ns = time.monotonic_ns()
    spool.flush()
    spool.read(9, 9, 9, 9, 200, 0, 1, 0, 9, ReadOutcome.WHOLE)
    flushed = said(tmp_path)
    assert begun.until_ns < recorded_ns <= flushed.until_ns
    on_disk = reads.read_bytes()
    assert len(on_disk) == 2 * SPOOLED_READ_DTYPE.itemsize
    assert flushed.files[READS_SUFFIX] == Written().and_then(on_disk)
    spool.flush()
    assert said(tmp_path).files[READS_SUFFIX].size == spool.recorded * SPOOLED_READ_DTYPE.itemsize
    spool.close()
    assert reads.stat().st_size == 3 * SPOOLED_READ_DTYPE.itemsize
