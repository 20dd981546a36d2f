"""Runs of which part was not recorded: judged as incomplete, with a sentence that says who is missing and when."""

import shutil
from pathlib import Path

import pytest

from loadtest.__main__ import main
from loadtest.run.records import Verdict
from loadtest.summary.summary import read_summary

CASES = Path(__file__).parents[2] / "cases"


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
