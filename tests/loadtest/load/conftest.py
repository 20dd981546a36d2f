"""What tests of recording share: a run before it is sealed, a store, and an event loop that knows the time."""

from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from spooled_runs import unsealed_run

from loadtest.target import putting_back
from tests.targets.odd_store import OddStore, running_odd_store


@pytest.fixture(autouse=True)
def event_loop_knows_the_time() -> None:
    """An event loop that stood still since an earlier test takes every time limit for passed, until it is told."""
    gevent.get_hub().loop.update_now()


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run that has ended, without any spool."""
    return unsealed_run(tmp_path)


@pytest.fixture
def odd() -> Iterator[OddStore]:
    """A store without oddities, at first."""
    with running_odd_store() as store:
        yield store


@pytest.fixture
def own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of nobody's, for whoever puts back what was there; and hardly a pause while it is put back."""
    monkeypatch.setattr(putting_back, "PAUSE_S", 0.01)
    monkeypatch.setattr(putting_back, "CONFIRMING_PAUSES_S", (0.01, 0.01, 0.01))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-nobody")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
