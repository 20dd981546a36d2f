"""Recorded runs, judged once for all tests of a process; a run before it is sealed; and a store."""

from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from spooled_runs import unsealed_run

from loadtest.judge.analyse import summarise
from loadtest.run.history.history import History
from loadtest.run.loading import load_history
from loadtest.summary.summary import Summary
from loadtest.target import putting_back
from tests.targets.odd_store import OddStore, running_odd_store

HISTORIES = Path(__file__).parents[1] / "histories"


@pytest.fixture(scope="session")
def clean_run() -> Path:
    """80 s without findings: 6,000 reads, 61 writes, 20 pairs of windows."""
    return HISTORIES / "clean"


@pytest.fixture(scope="session")
def clean_history(clean_run: Path) -> History:
    return load_history(clean_run)


@pytest.fixture(scope="session")
def clean(clean_history: History) -> Summary:
    return summarise(clean_history)


@pytest.fixture(scope="session")
def lagging_history() -> History:
    """The same, but what is written shows 300 ms late, and reads are slower while writing."""
    return load_history(HISTORIES / "lagging")


@pytest.fixture(scope="session")
def lagging(lagging_history: History) -> Summary:
    return summarise(lagging_history)


@pytest.fixture(params=["clean", "lagging"])
def recorded_run(request: pytest.FixtureRequest, clean_run: Path) -> Path:
    """A small recorded run: one without findings, one whose target lags and slows down while being written to."""
    return clean_run.with_name(request.param)


@pytest.fixture(autouse=True)
def event_loop_knows_the_time() -> None:
    """An event loop that stood still since an earlier test takes every time limit for passed, until it is told."""
    gevent.get_hub().loop.update_now()


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run that has ended, without any spool."""
    return unsealed_run(tmp_path)


@pytest.fixture
def odd() -> Iterator[OddStore]:
    """A store without oddities, at first."""
    with running_odd_store() as store:
        yield store


@pytest.fixture
def own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of nobody's, for whoever puts back what was there; and hardly a pause while it is put back."""
    monkeypatch.setattr(putting_back, "PAUSE_S", 0.01)
    monkeypatch.setattr(putting_back, "CONFIRMING_PAUSES_S", (0.01, 0.01, 0.01))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-nobody")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
