"""``latest`` names the last run that got a report, and no run while a newer one is under way or has failed."""

from argparse import Namespace
from pathlib import Path

import pytest

from loadtest.commands import demo
from loadtest.errors import UsageError
from loadtest.run.run_directory import RunDirectory, forget_latest
from loadtest.sandbox.process import SandboxError


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder of runs with an older run in it, which ``latest`` names."""
    RunDirectory.create(tmp_path / "runs" / "older").point_latest_here()
    return tmp_path / "runs"


def test_a_run_that_begins_takes_latest_away_and_its_report_sets_it(runs: Path) -> None:
    forget_latest(None, runs.parent)
    assert sorted(path.name for path in runs.iterdir()) == ["older"]
    newer = RunDirectory.create(runs / "newer")
    newer.point_latest_here()
    assert (runs / "latest").resolve() == newer.path


def test_it_is_taken_from_the_folder_that_the_run_will_lie_in(runs: Path) -> None:
    forget_latest(runs.parent / "elsewhere" / "run")
    assert (runs / "latest").exists()
    forget_latest(str(runs / "newer"))
    assert not (runs / "latest").exists()


@pytest.mark.parametrize("wanted", ["a" * 5000 + "/b", "\0/b", "/dev/null/run"])
def test_a_name_that_is_none_is_left_to_who_makes_the_folder(wanted: str) -> None:
    forget_latest(wanted)


def test_what_is_no_link_is_kept(tmp_path: Path) -> None:
    (tmp_path / "runs" / "latest").mkdir(parents=True)
    forget_latest(None, tmp_path)
    assert (tmp_path / "runs" / "latest").is_dir()


@pytest.mark.parametrize("latency", ["off", "no such distribution"])
def test_a_demo_that_stops_early_leaves_no_older_run_as_the_latest(
    runs: Path, latency: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Path:
        raise SandboxError("The stack cannot be synthesized.")

    monkeypatch.delenv("LOCUST_RUN_DIR", raising=False)
    monkeypatch.setattr(demo, "PROJECT", runs.parent)
    monkeypatch.setattr(demo, "synthesize", fails)
    with pytest.raises(UsageError):
        demo.run(Namespace(latency=latency, fault=[], run_time="1s", users="1"))
    assert sorted(path.name for path in runs.iterdir()) == ["older"]
