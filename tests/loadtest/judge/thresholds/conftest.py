"""The recorded runs with their summaries, to set conditions on."""

import pytest

from loadtest.run.history.history import History
from loadtest.summary.summary import Summary


@pytest.fixture(scope="session")
def clean(clean: Summary, clean_history: History) -> tuple[Summary, History]:
    return clean, clean_history


@pytest.fixture(scope="session")
def lagging(lagging: Summary, lagging_history: History) -> tuple[Summary, History]:
    return lagging, lagging_history
