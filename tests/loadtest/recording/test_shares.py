"""Which reads each worker makes: every arrival once, whatever workers came and went before the run."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from loadtest.recording.locust_plugin import shares_of_workers

STATES = ("ready", "spawning", "running", "missing")


@given(st.lists(st.sampled_from(STATES), min_size=1, max_size=8))
def test_workers_that_are_there_share_all_arrivals(states: list[str]) -> None:
    """Locust numbers its workers once and for all, so those of workers that have gone are missing."""
    clients = [SimpleNamespace(id=f"worker-{number}", state=state) for number, state in enumerate(states)]
    of_state = {name: [client for client in clients if client.state == name] for name in STATES}
    shares = shares_of_workers(SimpleNamespace(clients=SimpleNamespace(**of_state)))
    assert set(shares) == {client.id for client in clients if client.state != "missing"}
    assert sorted(shares.values()) == list(range(len(shares)))
