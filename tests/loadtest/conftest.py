"""Two recorded runs, judged once for all tests of a process; and the language of histories for more than judging."""

import sys
from pathlib import Path

import pytest

from loadtest.judge.analyse import summarise
from loadtest.run.history.history import History
from loadtest.run.loading import load_history
from loadtest.summary.summary import Summary

HISTORIES = Path(__file__).parents[1] / "histories"
sys.path.insert(0, str(Path(__file__).with_name("judge")))


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
