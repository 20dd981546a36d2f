"""docs/ci.md: the recipe for any CI system, and what a run in a real account costs."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from documented import PROJECT, blocks, shell

PAGE = "ci.md"


def text_of(title: str) -> str:
    (block,) = (block for block in blocks(PAGE) if block.title == title)
    return block.text


def stand_ins(folder: Path, verdict: str | None) -> str:
    """A `make` whose demo ends as make does, and a path to find it by; ``verdict`` None: it broke off before a run."""
    (folder / "bin").mkdir()
    run = ""
    if verdict is not None:
        run = f'mkdir -p "$LOCUST_RUN_DIR"; cd "$LOCUST_RUN_DIR"; echo \'{{"verdict": "{verdict}"}}\' > summary.json; '
        run += "echo the report > report.md; echo '<testsuites/>' > junit.xml; "
    code = 0 if verdict == "PASS" else 2
    make = folder / "bin" / "make"
    make.write_text(f'#!/bin/sh\n[ "$1" = demo ] || exit 0\n{run}\nexit {code}\n')
    make.chmod(0o755)
    (folder / ".venv" / "bin").mkdir(parents=True)
    python = folder / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\nexec python3 "$@"\n')
    python.chmod(0o755)
    return f"{folder / 'bin'}:"


@pytest.mark.parametrize(
    ("verdict", "exit_code", "said"),
    [("PASS", 0, "the report"), ("FAIL", 1, "the report"), ("INCONCLUSIVE", 0, "warning: "), (None, 1, "")],
)
def test_the_recipe_ends_as_it_says(tmp_path: Path, verdict: str | None, exit_code: int, said: str) -> None:
    path = stand_ins(tmp_path, verdict)
    older = tmp_path / "runs" / "2026-01-01T00-00-00Z"  # a run that passed, which no recipe may read
    older.mkdir(parents=True)
    (older / "summary.json").write_text('{"verdict": "PASS"}')
    (older / "report.md").write_text("an older report")
    (tmp_path / "junit.xml").write_text("<testsuites name='older'/>")
    (tmp_path / "runs" / "latest").symlink_to(older.name)
    (tmp_path / "ci.sh").write_text(text_of("ci.sh"))
    done = shell(f"PATH={path}$PATH sh ci.sh", tmp_path)
    assert done.returncode == exit_code, done.stderr
    assert said in done.stdout
    assert "older" not in done.stdout
    junit = tmp_path / "junit.xml"
    assert (junit.read_text() if junit.exists() else None) == (None if verdict is None else "<testsuites/>\n")


def test_the_other_files_are_well_formed() -> None:
    (job,) = yaml.safe_load(text_of(".gitlab-ci.yml")).values()
    assert job["script"] == "sh ci.sh"
    assert job["artifacts"]["reports"] == {"junit": "junit.xml"}
    (statement,) = json.loads(text_of("trust.json"))["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"].endswith(
        ":environment:aws"
    )


@pytest.mark.parametrize(
    ("measured", "followed", "ends"), [(0, 0, 0), (0, 1, 1), (0, 3, 3), (1, 0, 1), (1, 3, 1), (1, 1, 1), (0, 2, 2)]
)
def test_the_trend_job_follows_a_run_that_failed_too_and_fails_with_it(
    tmp_path: Path, measured: int, followed: int, ends: int
) -> None:
    (job,) = yaml.safe_load(text_of("trend.gitlab-ci.yml")).values()
    assert job["cache"]["when"] == "always", "else a run that got worse is never kept, nor the first nine"
    assert job["allow_failure"] == {"exit_codes": 3}
    (tmp_path / ".github").mkdir()
    (tmp_path / "runs" / "ci-1").mkdir(parents=True)
    (tmp_path / "ci.sh").write_text(f"exit {measured}\n")
    (tmp_path / ".github" / "follow_runs.sh").write_text(f'echo "$*" > said\nexit {followed}\n')
    done = shell("\n".join(["set -e", *job["script"]]), tmp_path)
    assert done.returncode == ends
    assert (tmp_path / "said").read_text() == "runs/ci-1 .cache/main-runs .build/trend\n"


@pytest.fixture(scope="module")
def cost() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cost_note", PROJECT / ".github" / "cost_note.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_cost_is_the_sum_of_what_was_counted(cost: ModuleType) -> None:
    summary = {"availability": {"reads": 1_000_000, "writes": 2_000, "body_bytes": 10 * 2**30}}
    note = cost.cost_note(summary, cost.PRICES)
    for dollars in ("$3.5000", "$0.4000", "$0.0100", "$0.9000"):
        assert dollars in note
    assert "This run cost about $4.81" in note


def test_prices_can_be_replaced(tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    summary.write_text('{"availability": {"reads": 1000000, "writes": 0, "body_bytes": 0}}')
    script = PROJECT / ".github" / "cost_note.py"
    done = shell(f"python3 {script} {summary}", tmp_path, PRICE_API_PER_MILLION="10", PRICE_GET_PER_THOUSAND="0.001")
    assert "This run cost about $11.00" in done.stdout


def test_the_page_shows_the_prices_that_are_used(cost: ModuleType) -> None:
    shown = re.findall(r"^\| `(PRICE_\w+)` \| ([\d.]+) \|", (PROJECT / "docs" / PAGE).read_text(), re.M)
    assert {name: float(price) for name, price in shown} == cost.PRICES


def test_the_page_says_what_the_workflow_reads() -> None:
    page = (PROJECT / "docs" / PAGE).read_text()
    workflow = (PROJECT / ".github" / "workflows" / "aws.yml").read_text()
    for name in set(re.findall(r"vars\.(\w+)", workflow)):
        assert f"`{name}`" in page
