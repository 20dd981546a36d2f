"""A handful of the runs of ``python -m benchmarks.kills``: nothing that was lost is passed over."""

import json
import subprocess
import time
from pathlib import Path

import pytest
from locust_process import until
from warm_locust import WarmLocust, arguments_of

from benchmarks.kill_cases import killing
from benchmarks.kill_witnesses import Lives
from benchmarks.kills import Outcome, Process, make, row
from loadtest.sandbox.process import RunningSandbox


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, 3, 5, 9, 10])
def test_nothing_that_was_lost_is_passed_over(
    synthesized: dict[str, Path], sandbox: RunningSandbox, warm_locust: WarmLocust, tmp_path: Path, number: int
) -> None:
    def begin(command: list[str], environment: dict[str, str]) -> Process:
        return warm_locust.start(arguments_of(command), tmp_path, environment)

    outcome = make(killing(number), synthesized["conditional"], sandbox, begin)
    assert outcome.verdict != "none", outcome.said
    assert not outcome.wrong, row(outcome)


def test_a_wrong_pass_is_one() -> None:
    case = killing(1)
    assert Outcome(case, 1000, 500, 400, 0.0, ("whole",), "PASS", "").wrong
    assert not Outcome(case, 1000, 500, 400, 0.0, (), "INCONCLUSIVE", "").wrong
    assert not Outcome(case, 1000, 700, 400, 0.0, ("whole",), "PASS", "").wrong


def test_what_a_killed_process_never_did_is_missing_though_every_answer_was_recorded() -> None:
    """As a worker that is killed after 6 s of 24: nothing that was answered is lost, and 18 s of its reads are."""
    assert Outcome(killing(1), 1000, 1000, 400, 18.0, ("whole",), "PASS", "").wrong
    assert not Outcome(killing(1), 1000, 1000, 400, 18.0, (), "INCONCLUSIVE", "").wrong
    assert not Outcome(killing(1), 1000, 1000, 400, 1.0, ("whole",), "PASS", "").wrong


def test_the_end_of_each_process_is_known_from_outside(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    with subprocess.Popen(["sleep", "60"]) as recorder:
        said = {"role": "worker", "share": 0, "process": recorder.pid}
        (tmp_path / "spool" / "0.recorder").write_text(json.dumps(said))
        lives = Lives(tmp_path)
        until(lambda: bool(lives.until))
        assert not lives.gone
        killed_ns = time.monotonic_ns()
        recorder.kill()
    until(lambda: bool(lives.gone))
    lives.stop()
    (ended_ns,) = lives.gone.values()
    assert killed_ns <= ended_ns
    assert lives.most_absent_s(ended_ns + 10**10) == 10
    assert lives.most_absent_s(ended_ns - 10**10) < 0
