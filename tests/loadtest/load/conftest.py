"""What tests of recording share: a run before it is sealed, and an event loop that knows the time."""

from pathlib import Path

import gevent
import pytest
from spooled_runs import unsealed_run


@pytest.fixture(autouse=True)
def event_loop_knows_the_time() -> None:
    """An event loop that stood still since an earlier test takes every time limit for passed, until it is told."""
    gevent.get_hub().loop.update_now()


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run that has ended, without any spool."""
    return unsealed_run(tmp_path)
