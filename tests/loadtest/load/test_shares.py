"""Which reads each worker makes: every arrival once, whatever workers came and went before the run."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.load import workers
from loadtest.load.workers import Workers

STATES = ("ready", "spawning", "running", "missing")


@given(st.lists(st.sampled_from(STATES), min_size=1, max_size=8))
def test_workers_that_are_there_share_all_arrivals(states: list[str]) -> None:
    """Locust numbers its workers once and for all, so those of workers that have gone are missing."""
    clients = [SimpleNamespace(id=f"worker-{number}", state=state) for number, state in enumerate(states)]
    of_state = {name: [client for client in clients if client.state == name] for name in STATES}
    team = Workers(SimpleNamespace(clients=SimpleNamespace(**of_state), register_message=lambda *_: None))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(workers.Workers, "_compare_clocks", lambda *_: None)
        team.share_out()
    shares = team.shares
    assert set(shares) == {client.id for client in clients if client.state != "missing"}
    assert sorted(shares.values()) == list(range(len(shares)))
