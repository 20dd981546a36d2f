"""The steps of the workflows: what they do with each verdict, comparison and trend."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from documented import PROJECT, copy_of_project, shell
from workflow_steps import Job

from loadtest.__main__ import main

RUN = "runs/ci-7-1"


def fake_run(folder: Path, verdict: str, name: str = RUN) -> None:
    run = folder / name
    run.mkdir(parents=True)
    (run / "summary.json").write_text(f'{{"verdict": "{verdict}"}}')
    (run / "report.md").write_text(f"# {verdict}\n")
    (folder / "runs" / "latest").unlink(missing_ok=True)
    (folder / "runs" / "latest").symlink_to(run.name)


def fake_python(folder: Path, code: int, writes: str = "") -> None:
    """Stands in for the project's interpreter: says what it was given, writes a file, and ends with ``code``."""
    program = folder / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    written = f"mkdir -p $(dirname {writes})\ntouch {writes}\n" if writes else ""
    program.write_text(f'#!/bin/sh\necho "was given: $*"\n{written}exit {code}\n')
    program.chmod(0o755)
    (folder / ".build").mkdir(exist_ok=True)


@pytest.fixture
def sandbox_run(tmp_path: Path) -> Job:
    return Job("pull-request.yml", "sandbox-run", tmp_path, {"github.run_id": "7", "github.run_attempt": "1"})


def test_the_verdict_is_read_from_the_summary(sandbox_run: Job) -> None:
    fake_run(sandbox_run.folder, "FAIL")
    assert sandbox_run.step("Read the verdict").returncode == 0
    assert sandbox_run.context["steps.run.outputs.verdict"] == "FAIL"
    assert sandbox_run.context["steps.run.outputs.folder"] == RUN
    assert sandbox_run.step("Put the report into the summary of this job").returncode == 0
    assert sandbox_run.summary == "# FAIL\n"


def test_a_run_that_never_was_fails_the_job(sandbox_run: Job) -> None:
    fake_run(sandbox_run.folder, "PASS", "runs/2026-01-01T00-00-00Z")  # an older one, which `latest` names
    assert sandbox_run.step("Read the verdict").returncode != 0


COMPARE = "Compare with the last run of the main branch"
DECIDE = "Pass, warn or fail"


def test_it_says_so_when_there_is_nothing_to_compare_with(sandbox_run: Job) -> None:
    assert sandbox_run.step(COMPARE).returncode == 0
    assert "No run of the main branch is kept yet." in sandbox_run.summary
    assert sandbox_run.context["steps.compare.outputs.code"] == "none"


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_the_comparison_is_shown_whatever_it_finds(sandbox_run: Job, code: int) -> None:
    fake_run(sandbox_run.folder, "PASS")
    fake_python(sandbox_run.folder, code)
    assert sandbox_run.step("Take this run for the main branch's last").returncode == 0
    assert sandbox_run.step(COMPARE).returncode == 0
    given = f"-m loadtest compare --tolerance 1.5 --run-noise 0.1 .build/main-run {RUN}"
    assert f"was given: {given}" in sandbox_run.summary
    assert sandbox_run.context["steps.compare.outputs.code"] == str(code)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory with reports."""
    run = tmp_path_factory.mktemp("judged") / "clean"
    shutil.copytree(PROJECT / "tests" / "histories" / "clean", run)
    assert main(["report", "--quiet", str(run)]) in (0, 1, 3)
    return run


def test_the_comparison_is_the_real_one(sandbox_run: Job, judged: Path) -> None:
    copied = copy_of_project(sandbox_run.folder / "project", "loadtest", "stacks")
    sandbox_run.folder = copied
    (copied / ".build").mkdir()
    shutil.copytree(judged, copied / RUN)
    assert sandbox_run.step("Take this run for the main branch's last").returncode == 0
    done = sandbox_run.step(COMPARE)
    assert "Both are the same run." in sandbox_run.summary, done.stdout
    assert sandbox_run.context["steps.compare.outputs.code"] in ("0", "3")


def assert_decides(job: Job, exit_code: int, said: str) -> None:
    done = job.step(DECIDE)
    assert done.returncode == exit_code
    assert said in done.stdout
    assert bool(done.stdout) == bool(said)


@pytest.mark.parametrize(
    ("verdict", "compared", "exit_code", "said"),
    [
        ("PASS", "0", 0, ""),
        ("PASS", "none", 0, "::notice title=Comparison::"),
        ("INCONCLUSIVE", "0", 0, "::warning title=Load test::INCONCLUSIVE"),
        ("PASS", "3", 0, "::warning title=Comparison::INCONCLUSIVE"),
        ("PASS", "2", 0, "::warning title=Comparison::The two runs could not be compared"),
        ("FAIL", "0", 1, "::error title=Load test::FAIL"),
        ("INCONCLUSIVE", "1", 1, "::error title=Comparison::FAIL"),
        ("", "0", 1, "::error title=Load test::"),
    ],
)
def test_what_fails_a_pull_request(sandbox_run: Job, verdict: str, compared: str, exit_code: int, said: str) -> None:
    sandbox_run.context |= {"steps.run.outputs.verdict": verdict, "steps.compare.outputs.code": compared}
    assert_decides(sandbox_run, exit_code, said)


@pytest.mark.parametrize(
    ("probe", "load", "exit_code", "said"),
    [
        ("0", "0", 0, ""),
        ("3", "0", 0, "::warning title=Probe::INCONCLUSIVE"),
        ("0", "3", 0, "::warning title=Load::INCONCLUSIVE"),
        ("1", "0", 1, "::error title=Probe::FAIL"),
        ("0", "1", 1, "::error title=Load::FAIL"),
        ("0", "2", 1, "::error title=Load::It broke off with exit code 2"),
        ("0", "", 1, "::error title=Load::It broke off"),
    ],
)
def test_what_fails_a_run_on_aws(tmp_path: Path, probe: str, load: str, exit_code: int, said: str) -> None:
    codes = {"steps.probe.outputs.code": probe, "steps.load.outputs.code": load}
    assert_decides(Job("aws.yml", "measure", tmp_path, codes), exit_code, said)


FOLLOW = "Follow the runs over time"


@pytest.mark.parametrize(
    ("name", "job", "kept"), [("pull-request.yml", "sandbox-run", "main"), ("aws.yml", "measure", "aws")]
)
@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_the_trend_is_shown_whatever_it_finds(tmp_path: Path, name: str, job: str, kept: str, code: int) -> None:
    followed = Job(name, job, tmp_path, {"github.run_id": "7", "github.run_attempt": "1"})
    fake_run(tmp_path, "PASS")
    fake_python(tmp_path, code, writes=".build/trend/trend.json")
    (tmp_path / ".github").mkdir()
    shutil.copy2(PROJECT / ".github" / "follow_runs.sh", tmp_path / ".github")
    assert followed.step(FOLLOW).returncode == 0
    given = f"-m loadtest trend .build/{kept}-trend --add {RUN} --output .build/trend --tolerance 1.1"
    assert f"was given: {given}" in followed.summary
    assert followed.context["steps.trend.outputs.code"] == str(code)
    if kept == "main":
        assert (tmp_path / ".build" / "trend" / "runs").is_dir(), "the artifact holds what the cache may drop"


@pytest.mark.parametrize(
    ("trend", "exit_code", "said"),
    [
        ("", 0, ""),
        ("0", 0, ""),
        ("1", 1, "::error title=Trend::❌ FAIL Trend: Worse since commit 1a2b"),
        ("3", 0, "::notice title=Trend::❌ FAIL Trend"),
        ("2", 0, "::warning title=Trend::The runs could not be followed"),
    ],
)
def test_what_of_a_trend_fails_the_main_branch(sandbox_run: Job, trend: str, exit_code: int, said: str) -> None:
    sandbox_run.context |= {"steps.run.outputs.verdict": "PASS", "steps.compare.outputs.code": "0"}
    sandbox_run.context |= {"steps.trend.outputs.code": trend}
    (sandbox_run.folder / ".build").mkdir()
    (sandbox_run.folder / ".build" / "trend.md").write_text("❌ FAIL Trend: Worse since commit 1a2b\nmore\n")
    assert_decides(sandbox_run, exit_code, said)


def follow(folder: Path) -> subprocess.CompletedProcess[str]:
    return shell(f"sh {PROJECT / '.github' / 'follow_runs.sh'} {RUN} kept out", folder)


@pytest.mark.parametrize("code", [1, 127, 137])
def test_what_breaks_off_is_no_finding(tmp_path: Path, code: int) -> None:
    """A Python program that ends with a traceback ends with 1, as a trend does that got worse; and a trend of the run
    before may lie there."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "trend.json").write_text("{}")
    fake_python(tmp_path, code)
    assert follow(tmp_path).returncode == 2


@pytest.mark.parametrize("of_a_system", ["sh", "bash"])
def test_a_trend_that_is_called_wrongly_is_no_finding(of_a_system: str) -> None:
    """bash, which is sh on some systems, ends with 1 where a value is missing."""
    done = shell(f"{of_a_system} {PROJECT / '.github' / 'follow_runs.sh'} run kept", PROJECT)
    assert done.returncode == 2
    assert "usage: sh .github/follow_runs.sh RUN KEPT OUTPUT" in done.stderr


def test_the_summaries_of_the_newest_hundred_runs_are_kept(tmp_path: Path, judged: Path) -> None:
    """The first run of all, then the same again; a run without a summary is wrong usage, and leaves what is kept."""
    copied = copy_of_project(tmp_path / "project", "loadtest", "stacks")
    shutil.copytree(judged, copied / RUN)
    for _ in range(2):
        done = follow(copied)
        assert done.returncode == 3, done.stderr
        assert "at least 10 are needed" in done.stdout
        assert len(list((copied / "kept").iterdir())) == 1
    (kept,) = (copied / "kept").iterdir()
    assert kept.stat().st_size < 100_000
    shutil.rmtree(copied / RUN)
    assert follow(copied).returncode == 2
    assert kept.exists()


FETCH = "Fetch them from the newest artifact, where the cache has dropped them"


@pytest.mark.parametrize(
    ("listed", "there", "kept"), [("9 8 7", "8", True), ("9 8 7", "", False), ("", "", False), ("exit 1", "", False)]
)
def test_a_cache_that_was_dropped_is_made_up_for_by_an_artifact(
    sandbox_run: Job, listed: str, there: str, kept: bool
) -> None:
    """GitHub drops a cache that nobody has used for a week; a team that pushes seldom has a trend all the same."""
    program = sandbox_run.folder / "bin" / "gh"
    program.parent.mkdir()
    lists = listed if listed.startswith("exit") else f"printf '%s\\n' {listed}"
    program.write_text(
        f'#!/bin/sh\nif [ "$2" = list ]; then {lists}; exit; fi\n'
        f'[ "$3" = "{there}" ] && [ "$4 $5" = "--name main-trend" ] && '
        'mkdir -p "$7/runs" && touch "$7/runs/of-$3.json"\n'
    )
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    assert sandbox_run.step(FETCH, PATH=path).returncode == 0
    found = [file.name for file in (sandbox_run.folder / ".build").glob("main-trend/*")]
    assert found == ([f"of-{there}.json"] if kept else [])


def test_a_folder_that_is_there_already_is_not_measured_into(sandbox_run: Job) -> None:
    fake_run(sandbox_run.folder, "PASS")
    assert sandbox_run.step("Measure").returncode != 0
