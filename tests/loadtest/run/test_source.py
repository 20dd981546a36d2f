"""What is recorded of the source of a run: label, commit, branch; from CI's variables or from git, never a secret."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from chosen_settings import options
from hypothesis import given
from hypothesis import strategies as st

from loadtest.errors import UsageError
from loadtest.judge.analyse import summarise
from loadtest.load.options.option_values import LONGEST_LABEL
from loadtest.load.options.options import settings_from
from loadtest.run.history.history import History
from loadtest.run.history.run_entries import RunSource
from loadtest.run.plan import Plan
from loadtest.run.run_directory import RunDirectory
from loadtest.run.source import CI_VARIABLES, Source, asked_git, find_source

SHA = "0123456789abcdef0123456789abcdef01234567"


def no_git() -> str:
    return ""


@pytest.mark.parametrize(("commit", "branch"), CI_VARIABLES)
def test_each_ci_system_says_its_commit_and_branch(commit: str, branch: str) -> None:
    assert find_source("", {commit: SHA, branch: "feature/x"}, no_git) == Source("", SHA, "feature/x")


def test_git_is_asked_where_no_ci_system_says_it() -> None:
    assert find_source("v1", {}, lambda: f"{SHA}-dirty") == Source("v1", f"{SHA}-dirty", "")
    assert find_source("v1", {"GITHUB_SHA": SHA}, lambda: "f" * 40).commit == SHA


@given(st.text(), st.text())
def test_nothing_that_is_no_commit_and_no_name_gets_in(commit: str, branch: str) -> None:
    source = find_source("", {"GITHUB_SHA": commit, "GITHUB_REF_NAME": branch}, lambda: branch)
    assert all(character in "0123456789abcdef-dirty" for character in source.commit)
    assert len(source.commit) <= 70
    assert source.branch.isprintable()


@pytest.mark.parametrize("secret", ["AKIAIOSFODNN7EXAMPLE", "ghp_abcdefghijklmnopqrstuvwxyz", "https://user:pw@host/x"])
def test_a_secret_in_a_variable_of_that_name_is_not_recorded(secret: str) -> None:
    source = find_source("", {"GITHUB_SHA": secret}, lambda: secret)
    assert source == Source()


def test_the_commit_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert asked_git() == ""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    (tmp_path / "file").write_text("1")
    for command in (["init", "-q"], ["add", "file"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True, cwd=tmp_path)
    commit = asked_git()
    assert len(commit) == 40
    (tmp_path / "file").write_text("2")
    assert asked_git() == f"{commit}-dirty"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert asked_git() == ""


def label(*arguments: str) -> str:
    return settings_from(options(*arguments)).label


def test_a_label_is_an_option_and_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert label() == ""
    assert label("--label", " 1.2.3 of today ") == "1.2.3 of today"
    monkeypatch.setenv("LOCUST_LABEL", "from CI")
    assert label() == "from CI"


@pytest.mark.parametrize("given", ["x" * (LONGEST_LABEL + 1), "two\nlines", "\x1b[31m"])
def test_a_label_is_one_line(given: str) -> None:
    with pytest.raises(UsageError, match="--label is "):
        label("--label", given)


def test_run_json_has_the_source_and_the_summary_says_it(clean_history: History, tmp_path: Path) -> None:
    source = Source("v1", SHA, "main")
    directory = RunDirectory.create(tmp_path / "run", source)
    settings = settings_from(options("--label", "v1"))
    plan = Plan(
        directory.run, str(directory.path), "boot", "http://127.0.0.1:1", 1, 1, 1, 1024, 1.0, "constant", 0.5, 1, {}
    )
    directory.describe(settings, {}, plan, users=1)
    written = json.loads((directory.path / "run.json").read_text())
    assert written["source"] == {"label": "v1", "commit": SHA, "branch": "main"}
    assert "label" not in written["settings"]  # two runs of unlike labels are compared

    info = clean_history.info.model_copy(update={"source": RunSource.model_validate(written["source"])})
    summary = summarise(replace(clean_history, info=info))
    assert summary.run.source is not None
    assert (summary.run.source.label, summary.run.source.commit, summary.run.source.branch) == ("v1", SHA, "main")
