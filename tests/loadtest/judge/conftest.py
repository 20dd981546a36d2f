"""Fixtures of the analysis' tests: recorded runs, and an option to write golden files again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from loadtest.run import blocks

HISTORIES = Path(__file__).parents[2] / "histories"

# For `python -m benchmarks mutation`, which runs the tests thousands of times, and more than once in a process.
settings.register_profile(
    "mutation",
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # that a test fails is enough to know; no simpler example is looked for
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(params=["clean", "lagging"])
def recorded_run(request: pytest.FixtureRequest) -> Path:
    """A small recorded run: one without findings, one whose target lags and slows down while being written to."""
    return HISTORIES / request.param


@pytest.fixture
def clean_run() -> Path:
    """A small recorded run without findings."""
    return HISTORIES / "clean"


@pytest.fixture(scope="module")
def in_one_thread() -> Iterator[None]:
    """For tests that judge many small runs: threads for each of them cost more than they save."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_MOST_THREADS", 1)
        yield
