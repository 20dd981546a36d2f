"""A recorded run, to make others of."""

from pathlib import Path

import pytest

from loadtest.judge.analyse import analyse
from loadtest.summary.summary import Summary

TESTS = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def clean() -> Summary:
    """80 s without findings, 20 pairs of windows."""
    return analyse(TESTS / "histories" / "clean")
