"""The folder that a CI system carries from run to run: nothing of a trend is lost, and nothing else is removed."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from made_runs import run_at, series

from loadtest.__main__ import main
from loadtest.errors import UsageError
from loadtest.summary.summary import Summary, write_summary
from loadtest.trend import keeping
from loadtest.trend.keeping import MOST_KEPT, add, slim
from loadtest.trend.trending import trend


def named(run: Summary, place: int) -> Summary:
    return replace(run, run=replace(run.run, id=f"{place:012x}"))


def test_a_trend_of_what_is_kept_is_that_of_the_whole_summaries(clean: Summary) -> None:
    runs = series(clean, [1.0] * 14 + [1.3] * 5)
    assert trend([slim(run) for run in runs]) == trend(runs)


def test_the_newest_hundred_are_kept_by_when_they_began(
    clean: Summary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by the times of their files, which a cache need not keep; and a run that is added twice is there once."""
    monkeypatch.setattr(keeping, "MOST_KEPT", 5)
    small = slim(clean)
    for place in (3, 0, 6, 1, 5, 4, 2, 6):
        add(named(run_at(small, place), place), tmp_path)
        os.utime(tmp_path / f"{place:012x}.json", (1_000_000 - place, 1_000_000 - place))
    assert sorted(path.stem for path in tmp_path.iterdir()) == [f"{place:012x}" for place in range(2, 7)]
    assert MOST_KEPT == 100


def test_what_is_damaged_is_given_up_once_and_said(clean: Summary, tmp_path: Path) -> None:
    (tmp_path / f"{1:012x}.json").write_text('{"format": 1, "verd')
    (said,) = add(named(clean, 2), tmp_path)
    assert f"{1:012x}.json" in said
    assert add(named(clean, 2), tmp_path) == []


def test_what_a_newer_version_wrote_stays(clean: Summary, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An older version that is run once, for a commit that was taken back, must not cost the whole past."""
    newer = tmp_path / f"{1:012x}.json"
    newer.write_text('{"format": 99}')
    assert add(named(clean, 2), tmp_path) == []
    assert newer.exists()
    main(["trend", str(tmp_path)])
    assert "Left out" in capsys.readouterr().out


def test_nothing_else_is_ever_removed(clean: Summary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_KEPT", 1)
    others = {"package.json": "{}", "notes.txt": "", "0123456789ab.txt": "", "ci-7-1.json": "{"}
    for name, text in others.items():
        (tmp_path / name).write_text(text)
    for place in range(3):
        add(named(run_at(clean, place), place), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*others, f"{2:012x}.json"}


@pytest.mark.parametrize("name", ["../../x", "", "latest", "0123456789AB", "0" * 13])
def test_a_run_whose_name_is_no_name_of_a_run_is_refused(clean: Summary, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="as no recorded run is"):
        add(replace(clean, run=replace(clean.run, id=name)), tmp_path)
    assert not list(tmp_path.iterdir())


def test_add_keeps_a_run_and_follows_all(
    clean: Summary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    codes = []
    for place in range(11):
        write_summary(named(run_at(slim(clean), place), place), tmp_path / "summary.json")
        (tmp_path / "run").mkdir(exist_ok=True)
        (tmp_path / "summary.json").rename(tmp_path / "run" / "summary.json")
        codes.append(main(["trend", "kept/runs", "--add", "run"]))
    assert codes == [3] * 9 + [0] * 2
    assert len(list((tmp_path / "kept" / "runs").iterdir())) == 11
    capsys.readouterr()
    assert main(["trend", "run", "--add", "run"]) == 2
    assert main(["trend", "kept/runs", "run", "--add", "run"]) == 2
    assert main(["trend", "kept/runs", "--add", "nowhere"]) == 2
    assert main(["trend", "run/summary.json/x", "--add", "run"]) == 2
    assert capsys.readouterr().err.count("\n") == 4
