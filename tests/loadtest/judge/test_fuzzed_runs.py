"""Damaged run directories: a clear error, or the right answer; never a traceback, never a PASS that is not deserved."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from drawing import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_directories import PARQUET_FILES, copy_run, rewrite, with_value

from loadtest.__main__ import main
from loadtest.errors import RunError
from loadtest.judge.analyse import analyse
from loadtest.run.files import CHECKSUM_FILE, RECORDED_FILES
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary, summary_bytes

MANY = settings(max_examples=examples(60), suppress_health_check=list(HealthCheck))
SOME = settings(max_examples=examples(30), suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def lagging_run(clean_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What a quarter of the readers recorded. It is to FAIL: whatever is done to it, PASS would be wrong."""
    folder = tmp_path_factory.mktemp("fuzzed")
    run = copy_run(clean_run.with_name("lagging"), folder / "lagging")
    rewrite(run, "reads.parquet", lambda reads: reads.take(np.flatnonzero(reads["session"].to_numpy() % 4 == 0)))
    assert analyse(run).verdict is Verdict.FAIL
    yield run
    shutil.rmtree(folder)


def fresh_copy(lagging_run: Path, *, checksums: bool) -> Path:
    target = lagging_run.with_name("run")
    if target.exists():
        shutil.rmtree(target)
    return copy_run(lagging_run, target, checksums=checksums)


def judged(run: Path) -> Summary | None:
    """The summary, or None after a clear error."""
    try:
        summary = analyse(run)
    except RunError as error:
        text = str(error)
        assert "\n" not in text
        assert "Traceback" not in text
        assert len(text) < 600
        return None
    assert not [check.error for check in summary.checks if check.error]
    assert summary.verdict is not Verdict.PASS
    summary_bytes(summary)
    return summary


def flip(path: Path, position: float, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[int(position * (len(content) - 1))] ^= 1 << bit
    path.write_bytes(content)


POSITION = st.floats(0, 1)


@MANY
@given(st.sampled_from((*RECORDED_FILES, CHECKSUM_FILE)), POSITION, st.integers(0, 7))
def test_a_flipped_bit_in_a_sealed_run_is_always_seen(lagging_run: Path, name: str, position: float, bit: int) -> None:
    run = fresh_copy(lagging_run, checksums=True)
    flip(run / name, position, bit)
    assert judged(run) is None


@MANY
@given(st.sampled_from(RECORDED_FILES), st.lists(st.tuples(POSITION, st.integers(0, 7)), min_size=1, max_size=4))
def test_flipped_bits_without_checksums(lagging_run: Path, name: str, places: list[tuple[float, int]]) -> None:
    run = fresh_copy(lagging_run, checksums=False)
    for position, bit in places:
        flip(run / name, position, bit)
    judged(run)


@SOME
@given(st.sampled_from(RECORDED_FILES), POSITION, st.booleans())
def test_files_cut_short(lagging_run: Path, name: str, position: float, checksums: bool) -> None:
    run = fresh_copy(lagging_run, checksums=checksums)
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: int(position * (len(content) - 1))])
    if checksums or name.endswith(".parquet"):
        assert judged(run) is None
    else:
        judged(run)


@SOME
@given(
    st.sampled_from(RECORDED_FILES),
    POSITION,
    st.integers(1, 200),
    st.sampled_from([b"\x00", b"\xff", b"0", b"}", b'"']),
)
def test_overwritten_stretches(lagging_run: Path, name: str, position: float, length: int, byte: bytes) -> None:
    run = fresh_copy(lagging_run, checksums=False)
    content = (run / name).read_bytes()
    start = int(position * (len(content) - 1))
    (run / name).write_bytes(content[:start] + byte * length + content[start + length :])
    judged(run)


EXTREMES = st.sampled_from(
    [-(2**63), -(2**31), -3, -2, -1, 0, 1, 2, 59, 60, 61, 200, 255, 2**31 - 1, 2**32 - 1, 2**62, 2**63 - 1]
)


@MANY
@given(st.data())
def test_wild_values_in_files_that_are_in_order(lagging_run: Path, data: st.DataObject) -> None:
    run = fresh_copy(lagging_run, checksums=True)
    name = data.draw(st.sampled_from([name for name in PARQUET_FILES if name != "requests.parquet"]))
    table = pq.read_table(run / name)
    column = data.draw(st.sampled_from([field.name for field in table.schema if str(field.type) != "string"]))
    kind = table.schema.field(column).type
    limits = np.iinfo(kind.to_pandas_dtype())
    row = data.draw(st.integers(0, len(table) - 1))
    value = data.draw(EXTREMES | st.integers(int(limits.min), int(limits.max)))
    clipped = min(max(value, int(limits.min)), int(limits.max))
    rewrite(run, name, lambda old: with_value(old, column, row, clipped))
    judged(run)


@SOME
@given(st.sampled_from(("reads", "writes", "windows", "generator")), st.data())
def test_rows_lost_doubled_and_swapped(lagging_run: Path, name: str, data: st.DataObject) -> None:
    run = fresh_copy(lagging_run, checksums=True)
    file = f"{name}.parquet"
    count = pq.read_metadata(run / file).num_rows
    rows = list(range(count))
    for _ in range(data.draw(st.integers(1, 3))):
        first, second = data.draw(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)))
        what = data.draw(st.sampled_from(("lose", "double", "swap", "keep-only")))
        if what == "lose" and len(rows) > first:
            del rows[first]
        elif what == "double":
            rows.append(rows[min(first, len(rows) - 1)])
        elif what == "swap" and max(first, second) < len(rows):
            rows[first], rows[second] = rows[second], rows[first]
        elif what == "keep-only":
            rows = rows[:first] or rows
    rewrite(run, file, lambda table: table.take(rows))
    if name == "writes" and rows != list(range(len(rows))):
        assert judged(run) is None  # versions must count up one by one
    else:
        judged(run)


def test_files_of_two_runs_mixed_up(lagging_run: Path, clean_run: Path, tmp_path: Path) -> None:
    """Reads of one run beside the writes of another are of the same names and types."""
    run = copy_run(lagging_run, tmp_path / "run")
    shutil.copy(clean_run / "reads.parquet", run / "reads.parquet")
    assert judged(run) is None  # the checksums tell


def test_empty_tables(lagging_run: Path, tmp_path: Path) -> None:
    for name in PARQUET_FILES:
        run = copy_run(lagging_run, tmp_path / name)
        rewrite(run, name, lambda table: table.slice(0, 0))
        summary = judged(run)
        assert (summary is None) == (name == "writes.parquet")
        if name == "reads.parquet":
            assert summary is not None
            assert summary.verdict is Verdict.INCONCLUSIVE


def test_a_file_in_the_place_of_a_directory_and_the_reverse(lagging_run: Path, tmp_path: Path) -> None:
    for name in (*RECORDED_FILES, CHECKSUM_FILE):
        run = copy_run(lagging_run, tmp_path / name)
        (run / name).unlink()
        (run / name).mkdir()
        assert judged(run) is None


def test_the_command_says_it_in_one_sentence_and_exits_with_2(
    lagging_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_run(lagging_run, tmp_path / "run")
    rewrite(run, "writes.parquet", lambda table: with_value(table, "returned_ns", 4, 5))
    assert main(["report", str(run)]) == 2
    assert "1 writes returned before they were called" in capsys.readouterr().err
    assert not (run / "summary.json").exists()
