"""The examples of docs/extending.md, applied to a copy of the project and run."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from documented import Block, apply, blocks, copy_of_project, shell, synthesized_before, target_of

PAGE = "extending.md"
VERDICTS = (0, 1, 3)


@pytest.fixture
def extended(tmp_path: Path) -> Callable[..., Path]:
    """A copy of the project with some chapters of the page applied, and a recorded run as its latest."""

    def extend(*headings: str) -> Path:
        folder = copy_of_project(
            tmp_path / "project",
            *("loadtest", "stacks", "cdktf.json", "pyproject.toml"),
            *("tests/loadtest/helpers/history_language.py",),
        )
        copy_of_run(folder)
        for heading in headings:
            for block in blocks(PAGE, heading=heading):
                if block.language != "sh":
                    apply(block, folder)
        return folder

    return extend


def copy_of_run(folder: Path) -> None:
    copied = copy_of_project(folder / "recorded", "tests/histories/clean") / "tests/histories/clean"
    (folder / "runs").mkdir()
    copied.rename(folder / "runs" / "clean")
    (folder / "runs" / "latest").symlink_to("clean")


def commands(heading: str) -> Block:
    (block,) = blocks(PAGE, language="sh", heading=heading)
    return block


def run_of_own_tests(make: str, folder: Path) -> str:
    """What `make test TESTS=…` hands to pytest, without the other checks that it makes; its output."""
    own = make.partition("TESTS=")[2].strip()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", own]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_new_check_is_judged_and_reported(extended: Callable[..., Path]) -> None:
    folder = extended("A new check")
    make, report = commands("A new check").text.splitlines()
    done = shell(report, folder)
    assert done.returncode in VERDICTS, done.stderr
    run = folder / "runs" / "latest"
    ids = {check["id"]: check for check in json.loads((run / "summary.json").read_text())["checks"]}
    assert ids["prompt-answers"]["verdict"] == "PASS"
    for name in ("report.md", "report.html", "junit.xml"):
        assert "Prompt answers" in (run / name).read_text(encoding="utf-8")
    looked_at = ids["prompt-answers"]["looked_at"]
    assert f"| none | {looked_at:,} reads | 0 late |" in (run / "report.md").read_text(encoding="utf-8")
    assert "3 passed" in run_of_own_tests(make, folder)


def test_a_new_fault_is_injected_and_found(extended: Callable[..., Path], synthesized: dict[str, Path]) -> None:
    folder = extended("A new fault")
    synthesized_before(folder, synthesized["conditional"])
    (folder / "runs" / "latest").unlink()
    done = shell(commands("A new fault").text, folder, seconds=300)
    assert done.returncode == 1, done.stderr
    summary = json.loads((folder / "runs" / "latest" / "summary.json").read_text())
    (check,) = (check for check in summary["checks"] if check["id"] == "availability")
    counts = {row["outcome"]: row["count"] for row in summary["availability"]["read_outcomes"]}
    assert check["verdict"] == "FAIL"
    assert 0.05 < counts["not-found"] / summary["availability"]["reads"] < 0.15


def test_a_new_fault_shows_itself_in_the_help(extended: Callable[..., Path]) -> None:
    folder = extended("A new fault")
    said = shell(".venv/bin/python -m loadtest sandbox --help", folder).stdout
    assert "missing=RATE" in said


def test_a_new_report_is_written_with_a_new_column_and_a_new_command_reads_it(extended: Callable[..., Path]) -> None:
    folder = extended("A new report", "A new column", "A new command")
    done = shell(commands("A new report").text, folder)
    assert done.returncode in VERDICTS, done.stderr
    run = folder / "runs" / "latest"
    verdict = json.loads((run / "summary.json").read_text())["verdict"]
    assert json.loads((run / "badge.json").read_text())["message"] == verdict
    for name in ("report.md", "report.html"):
        assert "lasted" in (run / name).read_text(encoding="utf-8")
    printed = shell(commands("A new command").text, folder)
    assert printed.stdout == f"{verdict}\n", printed.stderr
    assert printed.returncode == done.returncode


def test_another_kind_of_store_keeps_and_puts_back(extended: Callable[..., Path]) -> None:
    heading = "Another kind of store"
    assert "1 passed" in run_of_own_tests(commands(heading).text, extended(heading))


CHAPTERS = ("A new check", "A new fault", "A new report", "A new column", "A new command", "Another kind of store")


@pytest.mark.parametrize("heading", CHAPTERS)
def test_examples_are_as_tidy_as_the_project(extended: Callable[..., Path], heading: str) -> None:
    folder = extended(heading)
    touched = " ".join(target_of(block) for block in blocks(PAGE, heading=heading) if block.language != "sh")
    for command in ("ruff check --no-cache", "ruff format --no-cache --check"):
        done = shell(f".venv/bin/python -m {command} {touched}", folder)
        assert done.returncode == 0, done.stdout
