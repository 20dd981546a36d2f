"""Fixtures of the analysis' tests: recorded runs, and an option to write golden files again."""

from __future__ import annotations

from pathlib import Path

import pytest

HISTORIES = Path(__file__).parents[2] / "histories"


@pytest.fixture(params=["clean", "lagging"])
def recorded_run(request: pytest.FixtureRequest) -> Path:
    """A small recorded run: one without findings, one whose target lags and slows down while being written to."""
    return HISTORIES / request.param


@pytest.fixture
def clean_run() -> Path:
    """A small recorded run without findings."""
    return HISTORIES / "clean"
