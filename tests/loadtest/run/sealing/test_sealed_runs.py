"""A sealed run: files that were altered, left out, mixed or added are refused; records that are missing are named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from loadtest.__main__ import main
from loadtest.errors import RunError
from loadtest.run.loading import load_history
from loadtest.run.records import Verdict
from loadtest.run.sealing.checksums import write_checksums
from loadtest.run.sealing.sealing import seal
from loadtest.summary.summary import read_summary

CASES = Path(__file__).parents[3] / "cases"
CASE = CASES / "lost-spool"


@pytest.fixture(scope="module")
def sealed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = shutil.copytree(CASE, tmp_path_factory.mktemp("sealed") / "run")
    seal(run_dir)
    return run_dir


@pytest.fixture
def sealed(sealed_once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sealed_once, tmp_path / "run")


def rows_removed(run_dir: Path) -> None:
    table = pq.read_table(run_dir / "reads.parquet")
    pq.write_table(table.slice(0, len(table) - 100), run_dir / "reads.parquet")


def in_run_json(change: Callable[[dict], object]) -> Callable[[Path], None]:
    def changed(run_dir: Path) -> None:
        run = json.loads((run_dir / "run.json").read_text())
        change(run)
        (run_dir / "run.json").write_text(json.dumps(run))

    return changed


def of_another_run(run_dir: Path) -> None:
    other = shutil.copytree(CASE, run_dir.parent / "other")
    in_run_json(lambda run: run.update(run="another0run0"))(other)
    seal(other)
    shutil.copy(other / "reads.parquet", run_dir / "reads.parquet")


@pytest.mark.parametrize("sums", ["kept", "made again", "deleted"])
@pytest.mark.parametrize(
    ("alter", "why"),
    [
        (rows_removed, "has changed since the run was sealed"),
        (of_another_run, "has changed since the run was sealed"),
        (lambda run_dir: (run_dir / "windows.parquet").unlink(), "windows.parquet is missing"),
        (lambda run_dir: shutil.copy(run_dir / "reads.parquet", run_dir / "more.parquet"), "is none of the files"),
        (in_run_json(lambda run: run.pop("seal")), "has no seal"),
        (in_run_json(lambda run: run["settings"].update(max_staleness=99)), "has changed since it was sealed"),
        (in_run_json(lambda run: run["attendance"]["processes"].pop()), "has changed since it was sealed"),
        (in_run_json(lambda run: run.update(format=1)), "is of a sealed run"),
    ],
)
def test_what_does_not_agree_is_refused(sealed: Path, alter: Callable[[Path], None], why: str, sums: str) -> None:
    alter(sealed)
    if sums == "made again" and (sealed / "windows.parquet").exists():
        write_checksums(sealed)
    if sums == "deleted":
        (sealed / "SHA256SUMS").unlink()
    with pytest.raises(RunError, match=why):
        load_history(sealed)


def test_a_whole_run_is_read_with_or_without_the_convenience_of_checksums(sealed: Path) -> None:
    before = len(load_history(sealed).reads)
    (sealed / "SHA256SUMS").unlink()
    assert len(load_history(sealed).reads) == before > 1000


@pytest.mark.parametrize(
    ("case", "sentences"),
    [
        ("lost-spool", ("Worker 2 of 2 left no record: all 23.3 s of it are missing.",)),
        (
            "incomplete-spools",
            (
                "Worker 1 of 2 could not write all that it had recorded, and what it could write ends 23.3 s after the "
                "start.",
                "Worker 2 of 2 could not write all that it had recorded, and what it could write ends 23.3 s after the "
                "start.",
            ),
        ),
    ],
)
def test_a_run_of_format_1_that_lost_records_is_inconclusive_and_says_which(
    tmp_path: Path, case: str, sentences: tuple[str, ...]
) -> None:
    run_dir = shutil.copytree(CASES / case, tmp_path / case)
    assert main(["report", "--quiet", str(run_dir)]) == 3
    summary = read_summary(run_dir / "summary.json")
    assert summary.run.ended.missing == sentences
    for question in summary.questions:
        assert question.verdict is Verdict.INCONCLUSIVE
        assert sentences[0] in question.sentence
    assert main(["report", "--quiet", str(run_dir)]) == 3  # sealed now, and judged the same
    assert read_summary(run_dir / "summary.json") == summary
