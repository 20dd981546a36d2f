"""A recorded run with its summary, to set conditions on."""

from pathlib import Path

import pytest

from loadtest.judge.analyse import summarise
from loadtest.run.history import History
from loadtest.run.loading import load_history
from loadtest.summary.summary import Summary

HISTORIES = Path(__file__).parents[2] / "histories"


@pytest.fixture(scope="session")
def clean() -> tuple[Summary, History]:
    """80 s without findings: 6,000 reads, 61 writes, 20 pairs of windows."""
    history = load_history(HISTORIES / "clean")
    return summarise(history), history


@pytest.fixture(scope="session")
def lagging() -> tuple[Summary, History]:
    """The same, but what is written shows 300 ms late, and reads are slower while writing."""
    history = load_history(HISTORIES / "lagging")
    return summarise(history), history
