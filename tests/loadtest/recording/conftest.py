"""What tests that run gevent's event loop themselves need."""

import gevent
import pytest


@pytest.fixture(autouse=True)
def event_loop_knows_the_time() -> None:
    """An event loop that stood still since an earlier test takes every time limit for passed, until it is told."""
    gevent.get_hub().loop.update_now()
