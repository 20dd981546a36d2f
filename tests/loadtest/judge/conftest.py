"""How the analysis' tests are run for the mutation benchmark, and one recorded run after the other."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

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
def recorded_run(request: pytest.FixtureRequest, clean_run: Path) -> Path:
    """A small recorded run: one without findings, one whose target lags and slows down while being written to."""
    return clean_run.with_name(request.param)
