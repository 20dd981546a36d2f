"""Loading a run: what is read, and one clear sentence for everything that cannot be."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from altered import changed
from run_directories import PARQUET_FILES, copy_run, rewrite, with_value

from loadtest.errors import RunError
from loadtest.judge.analyse import summarise
from loadtest.judge.measure.rates import reading_ns
from loadtest.run.files import CHECKSUM_FILE, RECORDED_FILES, REQUIRED_FILES
from loadtest.run.history.history import History
from loadtest.run.history.run_info import read_run_info
from loadtest.run.loading import load_history
from loadtest.run.records import READ_DTYPE, WRITER_SESSION
from loadtest.run.sealing.checksums import verify, write_checksums
from loadtest.summary.summary import summary_bytes

TIMES = ("scheduled_ns", "called_ns", "returned_ns")
LOOK = {"number": 1, "until_ns": 1, "pairs": 6, "undecided": ["write-impact"]}


@pytest.fixture
def run(clean_run: Path, tmp_path: Path) -> Path:
    """A copy of a recorded run that may be damaged."""
    return copy_run(clean_run, tmp_path / "run")


def error_of(run: Path) -> str:
    with pytest.raises(RunError) as caught:
        load_history(run)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith((".", "…"))
    return text


def assert_same_reads(one: History, other: History) -> None:
    for name in READ_DTYPE.names:
        assert np.array_equal(getattr(one.reads, name), getattr(other.reads, name))


def test_a_recorded_run_is_read_with_its_types_and_in_order_of_call(clean_run: Path) -> None:
    loaded = load_history(clean_run)
    table = pq.read_table(clean_run / "reads.parquet")
    assert len(loaded.reads) == table.num_rows == 6000
    for name in READ_DTYPE.names:
        assert getattr(loaded.reads, name).dtype == READ_DTYPE[name]
    assert np.all(np.diff(loaded.reads.called_ns) >= 0)
    assert len(loaded.writes) == 61
    assert loaded.writes.etag[3] == f'"{3:032x}"'
    assert (len(loaded.windows), len(loaded.samples)) == (40, 3990)
    assert loaded.info.settings.impact_tolerance == 1.25


def test_reads_may_be_in_any_order(run: Path) -> None:
    expected = load_history(run)
    shuffled = np.random.default_rng(5).permutation(6000)
    rewrite(run, "reads.parquet", lambda table: table.take(shuffled))
    loaded = load_history(run)
    assert_same_reads(loaded, expected)


def test_requests_are_known_by_the_names_that_the_target_gave(clean_run: Path) -> None:
    loaded = load_history(clean_run)
    assert loaded.requests.name(0, WRITER_SESSION, int(loaded.writes.called_ns[7])) == "REQUEST000000007"
    assert loaded.requests.name(0, WRITER_SESSION, int(loaded.writes.called_ns[7]) + 1) == ""
    assert loaded.requests.name(0, 0, int(loaded.writes.called_ns[7])) == ""
    assert loaded.requests.name(1, WRITER_SESSION, int(loaded.writes.called_ns[7])) == ""


def test_more_columns_than_are_known_are_fine(run: Path) -> None:
    rewrite(run, "reads.parquet", lambda table: table.append_column("later", pa.array(range(6000))))
    assert len(load_history(run).reads) == 6000


@pytest.mark.parametrize("many", [100, 10_000])
def test_several_row_groups_are_fine(run: Path, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_history(run)
    for name in ("reads.parquet", "writes.parquet"):
        pq.write_table(pq.read_table(run / name), run / name, row_group_size=7 if name == "writes.parquet" else 700)
    write_checksums(run)
    monkeypatch.setattr("loadtest.run.loading.BLOCK", many)  # of more rows each column is a piece of its own
    loaded = load_history(run)
    assert_same_reads(loaded, expected)
    assert (loaded.writes.etag, loaded.writes.bytes.tolist()) == (expected.writes.etag, expected.writes.bytes.tolist())


def with_widening(run: Path, widening_ns: list[int]) -> History:
    """The run with this column, in several row groups."""
    table = pq.read_table(run / "reads.parquet")
    table = table.drop_columns([name for name in ("widening_ns",) if name in table.column_names])
    table = table.append_column("widening_ns", pa.array(widening_ns, type=pa.int64()))
    pq.write_table(table, run / "reads.parquet", row_group_size=700)
    write_checksums(run)
    return load_history(run)


def test_a_column_of_nothing_but_zeros_is_as_one_that_is_not_there(run: Path) -> None:
    expected = load_history(run)
    loaded = with_widening(run, [0] * 6000)
    assert loaded.reads.on_one_clock
    assert_same_reads(loaded, expected)
    assert summary_bytes(summarise(loaded)) == summary_bytes(summarise(expected))


def test_a_value_in_the_last_row_group_is_not_lost(run: Path) -> None:
    loaded = with_widening(run, [0] * 5_999 + [1])
    assert not loaded.reads.on_one_clock
    assert (int(loaded.reads.widening_ns.sum()), len(loaded.reads.widening_ns)) == (1, 6000)


def rewritten(run: Path, changes: dict[str, object]) -> Path:
    """The run with other values in run.json (``settings__window`` is one of the settings), or without (``...``)."""
    content = json.loads((run / "run.json").read_text())
    for place, value in changes.items():
        *parents, last = place.split("__")
        inside = content
        for parent in parents:
            inside = inside[parent]
        inside[last] = value
        if value is ...:
            del inside[last]
    (run / "run.json").write_text(json.dumps(content))
    write_checksums(run)
    return run


class TestRunJson:
    def test_no_directory_and_no_run(self, tmp_path: Path) -> None:
        assert "is not a directory" in error_of(tmp_path / "nothing")
        (tmp_path / "file").write_text("")
        assert "is not a directory" in error_of(tmp_path / "file")
        assert "holds no run.json" in error_of(tmp_path)

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
    def test_no_json(self, run: Path, content: bytes) -> None:
        (run / "run.json").write_bytes(content)
        assert "run.json is not JSON" in error_of(run)

    def test_no_object(self, run: Path) -> None:
        (run / "run.json").write_text("[1]")
        assert "holds no JSON object" in error_of(run)

    def test_a_newer_format(self, run: Path) -> None:
        text = error_of(rewritten(run, {"format": 5}))
        assert "has format 5 and this program knows up to 4: use the version that wrote it" in text

    @pytest.mark.parametrize("found", [0, -1, "1", None, True, 1.5, ...])
    def test_a_format_that_never_was(self, run: Path, found: object) -> None:
        assert "expected a number from 1 on" in error_of(rewritten(run, {"format": found}))

    @pytest.mark.parametrize(
        ("place", "value"),
        [
            ("settings__max_staleness", -1),
            ("settings__max_staleness", float("nan")),
            ("settings__max_staleness", "much"),
            ("settings__impact_tolerance", 0.5),
            ("settings__impact_tolerance", float("inf")),
            ("settings__conditional_share", 1.5),
            ("settings__arrival_rate", ...),
            ("settings", ...),
            ("run", 5),
            ("run", ...),
            ("target", []),
            ("clock", ...),
            ("plan__start_ns", -5),
            ("plan__start_ns", 2**62),
            ("ended__at_ns", 1.5),
            ("ended__recovered", "yes"),
        ],
    )
    def test_values_that_cannot_be(self, run: Path, place: str, value: object) -> None:
        text = error_of(rewritten(run, {place: value}))
        assert place.replace("__", ".") in text
        assert "the run is damaged, or was not written by this program" in text

    @pytest.mark.parametrize("window_ns", [0, 1, 199_999_999])
    def test_turns_of_windows_that_no_duel_has(self, run: Path, window_ns: int) -> None:
        """So short ones would take for ever to count."""
        text = error_of(rewritten(run, {"plan__side": "new", "plan__window_ns": window_ns}))
        assert "the turns of a duel are made of windows" in text

    @pytest.mark.parametrize("looks", [{"pairs": 2**31}, {"planned": 9}, {"made": [LOOK] * 9}])
    def test_more_looks_than_there_are(self, run: Path, looks: dict[str, object]) -> None:
        """The bounds of thousands of looks would take for ever; of a share near none there is no interval."""
        made = {"planned": 8, "pairs": 9, "made": []} | looks
        assert "run.json: looks" in error_of(rewritten(run, {"looks": made}))

    def test_a_duel_whose_turns_began_long_before_its_reads(self, run: Path) -> None:
        """Not every turn is looked at: there are a hundred years of them."""
        moved = load_history(rewritten(run, {"plan__side": "new", "plan__start_ns": 0}))
        century = 10**9 * 3600 * 24 * 36500
        reads = replace(moved.reads, **{name: getattr(moved.reads, name) + century for name in TIMES})
        assert 0 < reading_ns(changed(moved, reads=reads)) < 80 * 10**9

    def test_what_need_not_be_there(self, run: Path) -> None:
        rewritten(run, dict.fromkeys(("plan", "ended", "host", "versions", "outcomes"), ...) | {"later": {"new": 1}})
        assert read_run_info(run).ended.reason == "not recorded"
        load_history(run)


class TestParquet:
    @pytest.mark.parametrize("name", PARQUET_FILES)
    def test_missing(self, run: Path, name: str) -> None:
        (run / name).unlink()
        assert f"{name} is missing" in error_of(run)
        (run / CHECKSUM_FILE).unlink()
        if name in REQUIRED_FILES:
            assert f"{name} is missing" in error_of(run)
        else:  # no verdict rests on how the target names requests
            assert load_history(run).requests.name(0, WRITER_SESSION, 0) == ""

    @pytest.mark.parametrize("name", PARQUET_FILES)
    def test_cut_short(self, run: Path, name: str) -> None:
        (run / CHECKSUM_FILE).unlink()
        for size in (0, 5, len((run / name).read_bytes()) - 20):
            (run / name).write_bytes((run / name).read_bytes()[:size])
            assert f"{name} is damaged" in error_of(run)

    @pytest.mark.parametrize("name", PARQUET_FILES)
    def test_a_column_missing(self, run: Path, name: str) -> None:
        for column in pq.read_schema(run / name).names:
            copied = copy_run(run, run / column)
            rewrite(copied, name, lambda table, column=column: table.drop_columns([column]))
            assert f"{name} has no column {column}" in error_of(copied)

    def test_a_column_twice(self, run: Path) -> None:
        rewrite(run, "reads.parquet", lambda table: table.append_column("version", table.column("version")))
        assert "has no column version (or has it twice)" in error_of(run)

    def test_a_column_of_another_type(self, run: Path) -> None:
        def as_text(table: pa.Table) -> pa.Table:
            return table.set_column(0, table.column_names[0], pc.cast(table.column(0), pa.string()))

        rewrite(run, "reads.parquet", as_text)
        assert "column worker holds string, expected uint16" in error_of(run)

    def test_a_value_missing(self, run: Path) -> None:
        rewrite(run, "reads.parquet", lambda table: with_value(table, "called_ns", 7, None))
        assert "column called_ns lacks 1 values" in error_of(run)

    def test_no_parquet_at_all(self, run: Path) -> None:
        (run / "reads.parquet").write_text("called,returned\n1,2\n")
        write_checksums(run)
        assert "reads.parquet is damaged" in error_of(run)


class TestChecksums:
    @pytest.mark.parametrize("name", RECORDED_FILES)
    def test_a_changed_file(self, run: Path, name: str) -> None:
        content = (run / name).read_bytes()
        (run / name).write_bytes(content + b" ")
        assert f"{name} has changed since it was recorded" in error_of(run)

    def test_none_are_no_error(self, run: Path) -> None:
        (run / CHECKSUM_FILE).unlink()
        assert len(load_history(run).reads) == 6000

    @pytest.mark.parametrize("content", [b"", b"nonsense\n", b"\xff", b"0" * 64 + b"  run.json\n"])
    def test_damaged_ones(self, run: Path, content: bytes) -> None:
        (run / CHECKSUM_FILE).write_bytes(content)
        assert "SHA256SUMS is damaged" in error_of(run)

    def test_are_what_sha256sum_writes(self, run: Path) -> None:
        assert (
            subprocess.run(["sha256sum", "-c", CHECKSUM_FILE], cwd=run, check=False, capture_output=True).returncode
            == 0
        )
        verify(run)

    def test_unreadable_files(self, run: Path) -> None:
        (run / "run.json").unlink()
        (run / "run.json").mkdir()
        assert "run.json cannot be read" in error_of(run)


def test_samples_that_cannot_be(run: Path) -> None:
    for column in ("at_ns", "cpu_ns", "gc_ns", "flush_ns"):
        copied = copy_run(run, run / column)
        rewrite(copied, "generator.parquet", lambda table, column=column: with_value(table, column, 3, -1))
        assert "1 generator samples have a time that cannot be (the first is number 3)" in error_of(copied)
