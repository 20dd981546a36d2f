"""A recorded run, to make others of; and the summaries that the reports' tests have."""

import sys
from pathlib import Path

import pytest

from loadtest.judge.analyse import analyse
from loadtest.summary.summary import Summary

TESTS = Path(__file__).parents[2]
sys.path.append(str(TESTS / "reports"))


@pytest.fixture(scope="session")
def clean() -> Summary:
    """80 s without findings, 20 pairs of windows."""
    return analyse(TESTS / "histories" / "clean")
