"""Real short runs of a sandbox that got slower, then lagged, and recovered: what the trend says after each stage.

They are made, with the file that says which run is which, by ``python -m benchmarks.trend_history``.
"""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from benchmarks.trend_history import FOLDER, MANIFEST, judged, path_of
from loadtest.commands.trend import _read
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary, read_summary
from loadtest.trend.keeping import slim
from loadtest.trend.trending import trend

MADE = FOLDER / MANIFEST
STAGES: dict[str, Any] = tomllib.loads(MADE.read_text(encoding="utf-8")) if MADE.exists() else {}
MOST_BYTES = 60_000
"""Of one run; a few megabytes in all."""


def recorded() -> list[Summary]:
    return [read_summary(path_of(run)) for run in range(1, STAGES["runs"] + 1)]


if STAGES:

    @pytest.mark.parametrize("stage", ["slower", "lags", "recovers"])
    def test_each_stage_is_told_by_a_change_or_a_promise_at_its_first_run(stage: str) -> None:
        """After five runs of a stage (all there are of the last), looked at as a team would, run by run."""
        first = STAGES[stage]
        made = trend(recorded()[: min(first + 5, STAGES["runs"])])
        begun = {change.run + 1 for number in made.numbers for change in number.changes}
        begun |= {one.since + 1 for one in made.promises if one.verdict is Verdict.FAIL and one.since is not None}
        assert any(abs(run - first) <= 1 for run in begun), (begun, made.sentence)
        if stage != "recovers":
            assert made.verdict is Verdict.FAIL

    @pytest.mark.parametrize("after", [44, 46, 50])
    def test_the_first_bad_run_is_named_although_a_noisy_quantile_seems_to_have_changed_before(after: int) -> None:
        assert f"since build {STAGES['slower']} " in trend(recorded()[:after]).sentence

    def test_all_stages_are_as_wanted_and_the_files_are_small() -> None:
        summaries = recorded()
        assert judged(summaries) == []
        assert all(summary == slim(summary) for summary in summaries)
        assert max(path_of(run).stat().st_size for run in range(1, STAGES["runs"] + 1)) < MOST_BYTES


def test_the_folder_holds_all_runs_or_none_is_claimed() -> None:
    """Runs that are being made, in pieces, claim nothing; what claims to be made is whole, and a trend reads it."""
    there = sorted(path.name for path in FOLDER.glob("run-*.json"))
    if STAGES:
        assert there == [path_of(run).name for run in range(1, STAGES["runs"] + 1)]
    found, _ = _read(FOLDER) if Path(FOLDER).is_dir() else ([], [])
    assert len(found) == len(there)
