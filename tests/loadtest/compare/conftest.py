"""Recorded runs, and their summaries to be changed."""

from pathlib import Path

import pytest

from loadtest.judge.analyse import analyse
from loadtest.summary.summary import Summary

HISTORIES = Path(__file__).parents[2] / "histories"


@pytest.fixture(scope="session")
def clean() -> Summary:
    """80 s without findings, 20 pairs of windows."""
    return analyse(HISTORIES / "clean")


@pytest.fixture(scope="session")
def lagging() -> Summary:
    """The same, but what is written shows 300 ms late, and reads are slower while writing."""
    return analyse(HISTORIES / "lagging")
