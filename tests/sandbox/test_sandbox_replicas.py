"""Replicas that lag: what readers see is what was there then, for as long as the lag says."""

from itertools import pairwise

from gateway_bench import Bench, document, published

OLD, NEW = document(1), document(2)


def test_replica_lag_shows_the_state_of_then() -> None:
    bench, _ = published()
    bench.wait(1000)
    bench.faults.set("replica-lag", "300ms")
    bench.publish(NEW)
    assert bench.get().body == OLD
    bench.wait(299.999)
    assert bench.get().body == OLD
    bench.wait(0.001)
    assert bench.get().body == NEW


def test_an_object_that_is_new_is_missing_on_a_replica_that_lags() -> None:
    bench = Bench()
    bench.faults.set("replica-lag", "300ms")
    bench.publish(NEW)
    assert bench.get().status == 404
    bench.wait(300)
    assert bench.get().status == 200


def test_replicas_have_lags_of_their_own_and_readers_go_back_in_time() -> None:
    bench, _ = published()
    bench.wait(1000)
    bench.publish(NEW)
    bench.faults.set("replicas", "0ms,50ms")
    bench.wait(10)
    seen = [bench.get().body for _ in range(50)]
    assert any(earlier == NEW and later == OLD for earlier, later in pairwise(seen))
    bench.wait(40)
    assert {bench.get().body for _ in range(50)} == {NEW}


def test_replica_lag_is_added_to_all_replicas() -> None:
    bench, _ = published()
    bench.wait(1000)
    bench.publish(NEW)
    bench.faults.update({"replicas": "0ms,50ms", "replica-lag": "100ms"})
    bench.wait(99)
    assert {bench.get().body for _ in range(50)} == {OLD}
    bench.wait(1)
    assert {bench.get().body for _ in range(50)} == {OLD, NEW}


def test_enough_of_the_past_is_kept_for_the_lag() -> None:
    bench = Bench()
    bench.faults.set("replica-lag", "30s")
    for version in range(100):
        bench.publish(document(version))
        bench.wait(500)
    assert bench.get().body == document(40)
    bench.faults.set("replica-lag", "off")
    bench.publish(document(100))
    assert len(bench.stored._versions) < 10


def test_deleted_objects_are_missing_later_where_there_is_lag() -> None:
    bench, _ = published()
    bench.wait(1000)
    bench.stored.publish(None)
    assert bench.get().status == 404
    bench.faults.set("replica-lag", "10ms")
    assert bench.get().body == OLD
    bench.wait(10)
    assert bench.get().status == 404
