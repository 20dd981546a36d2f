"""What is found of one read model that was watched, and what is left open because no HEAD proves it."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from history_language import ZERO_NS
from watched_world import World, document, md5, no_finding

from loadtest.judge.checks.conditional_get import conditional_get
from loadtest.judge.checks.fresh_reads import fresh_reads
from loadtest.judge.checks.monotonic_reads import monotonic_reads
from loadtest.judge.checks.whole_bodies import whole_bodies
from loadtest.run.history.history import History
from loadtest.run.records import UNDECIDED_VERSION, UNSEEN_VERSION, ReadOutcome, Verdict
from loadtest.target.head_object import shown_by


def small(published: list[tuple[int, int]], heads: list[int], **digests: str) -> World:
    """HEADs that look at once, at these times."""
    world = World([(-1000, published[0][1]), *published[1:]], **digests)
    world.watch([world.head(at, at, at) for at in heads], 10)
    return world


def test_a_document_that_was_published_and_replaced_between_two_heads_is_unseen_and_no_phantom() -> None:
    world = small([(-1000, 0), (12, 1), (14, 2)], [0, 10, 20, 30])
    world.read(0, 11, 11, 0)
    world.read(0, 13, 13, 1)
    world.read(0, 15, 16, 2)
    history = world.history()
    assert history.reads.version.tolist() == [0, UNSEEN_VERSION, 1]
    assert history.info.watch.unseen == 1
    no_finding(history)


def test_an_unseen_document_that_is_still_served_long_after_is_neither_fresh_nor_a_finding() -> None:
    world = small([(-1000, 0), (12, 1), (14, 2)], [0, 10, 20, 30, 600_000_000])
    world.read(0, 13, 13, 1)
    world.read(0, 590_000_000, 590_000_000, 1)
    history = world.history()
    assert set(history.reads.version.tolist()) == {UNDECIDED_VERSION}
    no_finding(history)
    assert "nothing proves which" in fresh_reads(history).sentence


def test_the_same_document_published_again_gives_no_false_finding_and_is_said_to_be_open() -> None:
    world = small([(-1000, 0), (15, 1), (45, 0), (75, 2)], [0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
    world.read(0, 5, 5, 0)
    world.read(0, 25, 25, 1)
    world.read(0, 55, 55, 0)  # back, and right
    world.read(0, 85, 85, 2)
    world.read(0, 87, 87, 0)  # old, or published once more between two HEADs
    history = world.history()
    assert history.reads.version.tolist() == [0, 1, 2, 3, UNDECIDED_VERSION]
    no_finding(history)
    assert fresh_reads(history).verdict is Verdict.INCONCLUSIVE
    assert "published once more" in fresh_reads(history).sentence


def test_a_slow_read_of_a_document_that_comes_back_does_not_make_its_reader_go_back_in_time() -> None:
    """The read began before B and ended after the HEAD that saw it last: which of the two A it was cannot be told."""
    world = small([(-1000, 0), (15, 1), (65, 0)], [0, 10, 20, 30, 40, 50, 60, 70])
    world.read(0, 14, 61, 0)
    world.read(0, 63, 63, 1)
    no_finding(world.history())


def test_a_reader_that_goes_back_between_two_heads_of_one_document_is_found() -> None:
    world = small([(-1000, 0), (15, 1)], [0, 10, 20, 30])
    for at in range(100, 400, 2):
        world.read(0, at, at, 1)
    world.read(0, 401, 401, 0)
    history = world.history()
    assert monotonic_reads(history).found == 1
    assert fresh_reads(history).found == 1


def test_something_that_was_published_without_a_new_etag_leaves_old_reads_open() -> None:
    """Last-Modified changed and the ETag did not: A may have come and gone in between."""
    world = small([(-1000, 0), (15, 1), (42, 0), (44, 1)], [0, 10, 20, 30, 40, 50, 60])
    world.read(0, 43, 43, 0)
    history = world.history()
    assert history.reads.version.tolist() == [UNDECIDED_VERSION]
    no_finding(history)


def test_no_head_no_proof_a_span_without_an_answer_widens_the_interval() -> None:
    world = World([(-1000, 0), (15, 1)])
    good = [world.head(at, at, at) for at in (0, 10)]
    failed = [type(good[0])(ZERO_NS + at, ZERO_NS + at, error="SlowDown (HTTP 503)") for at in (20, 30, 40)]
    world.watch([*good, *failed, world.head(50, 50, 50)], 10)
    world.read(0, 45, 45, 0)  # old in truth, and nothing proves it
    history = world.history()
    assert (history.writes.called_ns[1] - ZERO_NS, history.writes.returned_ns[1] - ZERO_NS) == (10, 50)
    no_finding(history)


@pytest.mark.parametrize("digests", ["yes", "perhaps", "no"])
@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (document(1)[:30], ReadOutcome.TRUNCATED),
        (document(0)[:16] + document(1)[16:], ReadOutcome.TORN),
        (b"x" + document(1)[1:], ReadOutcome.CORRUPT),
        (b"", ReadOutcome.TRUNCATED),
    ],
)
def test_a_body_that_is_not_the_one_of_its_etag_is_a_finding(digests: str, body: bytes, outcome: ReadOutcome) -> None:
    world = small([(-1000, 0), (15, 1)], [0, 10, 20, 30], digests=digests)
    for at in range(1, 4):
        world.read(0, at, at, 0)
    for at in range(25, 29):
        world.read(0, at, at, 1)
    world.read(0, 29, 29, 1, body=body)
    history = world.history()
    assert history.reads.outcome.tolist()[-1] == outcome
    assert whole_bodies(history).found == 1


def test_an_etag_of_another_version_is_a_finding_and_the_body_is_what_it_is() -> None:
    world = small([(-1000, 0), (15, 1)], [0, 10, 20, 30])
    world.read(0, 5, 5, 0)
    world.read(0, 25, 25, 1)
    world.read(1, 26, 26, 1, etag=world.tag(0))
    history = world.history()
    assert history.reads.outcome.tolist() == [ReadOutcome.WHOLE, ReadOutcome.WHOLE, ReadOutcome.ETAG_MISMATCH]
    assert history.reads.version.tolist() == [0, 1, 1]
    assert conditional_get(history).found == 1


def test_what_no_etag_vouches_for_is_no_document_and_no_silence() -> None:
    world = small([(-1000, 0)], [0, 10, 20, 30])
    world.read(0, 5, 5, 0)
    world.read(0, 6, 6, 0, body=b'{"error": "try again"}', etag="")
    history = world.history()
    assert history.reads.outcome.tolist() == [ReadOutcome.WHOLE, ReadOutcome.FOREIGN]
    assert "no ETag vouches" in whole_bodies(history).sentence
    page = small([(-1000, 0)], [0, 10])
    page.read(0, 5, 5, 0)
    page.read(0, 6, 6, 0, body=b"<html>busy</html>", etag="")
    assert page.history().reads.outcome.tolist() == [ReadOutcome.WHOLE, ReadOutcome.UNRECOGNISED]


@pytest.mark.parametrize("digests", ["yes", "perhaps", "no"])
@pytest.mark.parametrize(
    "broken", [document(1)[:50], document(0)[:20] + document(1)[20:], b"<html>busy, try again</html>"]
)
def test_a_broken_body_that_got_an_etag_of_its_own_on_the_way_is_no_unseen_document(
    digests: str, broken: bytes
) -> None:
    world = small([(-1000, 0), (15, 1)], [0, 10, 20, 30], digests=digests)
    world.read(0, 5, 5, 0)
    world.read(0, 25, 25, 1)
    world.read(0, 26, 26, 1, body=broken, etag=md5(broken))
    world.read(0, 27, 27, 1)
    history = world.history()
    assert int(history.reads.version[2]) == -1
    assert whole_bodies(history).verdict is not Verdict.PASS
    assert "no ETag vouches" in whole_bodies(history).sentence or whole_bodies(history).found


def modified_at(*seconds: int) -> History:
    """Documents that the store showed in turn, each with its Last-Modified, and many good reads of each."""
    when = [datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC).isoformat() for second in seconds]
    world = World([(-1000, 0), *((100 * number, number) for number in range(1, len(seconds)))])
    heads = []
    for at in range(0, 100 * len(seconds), 5):
        head = world.head(at, at + 1, at)
        heads.append(replace(head, last_modified=when[at // 100]))
        world.read(0, at + 2, at + 2, at // 100)
        world.read(1, at + 3, at + 3, at // 100)
    world.watch(heads, 5)
    return world.history()


def test_a_store_that_shows_an_older_document_again_proves_nothing() -> None:
    """A HEAD that is answered by a replica that lags: what it shows is not what was there."""
    good = fresh_reads(modified_at(0, 1, 2, 3, 4, 5, 6))
    assert good.verdict is Verdict.PASS
    assert "Two looks at the store were up to" in good.sentence  # so short a lag need not have been seen
    back = fresh_reads(modified_at(0, 1, 2, 3, 2, 5, 6))
    assert back.verdict is Verdict.INCONCLUSIVE
    assert "a replica that lags" in back.sentence


def test_etags_of_a_directory_bucket_are_no_md5s() -> None:
    answer = {"ETag": f'"{md5(b"anything")}"', "ContentLength": 8}
    assert shown_by(answer, 0, 1, aws=True).digest == "yes"
    assert shown_by({**answer, "StorageClass": "EXPRESS_ONEZONE"}, 0, 1, aws=True).digest == "no"


def test_readers_of_another_object_are_told_from_stale_ones() -> None:
    """Nothing that they got was ever seen in the store: no finding, and one sentence that says what to check."""
    world = small([(-1000, 0)], [0, 10, 20, 30])
    for at in range(1, 400):
        world.read(0, at, at, 50)
    result = fresh_reads(world.history())
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "check that this address reads that object" in result.sentence


def test_bodies_of_several_processes_are_numbered_as_one() -> None:
    world = small([(-1000, 0), (15, 1)], [0, 10, 20, 30])
    numbers = [world.verifier.identify(document(name)).version for name in (1, 0, 1, 1, 0)]
    assert numbers == [0, 1, 0, 0, 1]
    assert len([line for line in world.lines if "sha256" in line]) == 2


def test_versions_are_in_the_order_of_heads_even_where_their_intervals_share_a_moment() -> None:
    world = World([(-1000, 0), (10, 1), (20, 2)])
    world.watch([world.head(0, 4, 2), world.head(5, 15, 12), world.head(16, 30, 25), world.head(31, 35, 33)], 10)
    for at, name in itertools.chain(((at, 2) for at in range(40, 400)), [(401, 1)]):
        world.read(0, at, at, name)
    history = world.history()
    assert np.all(history.writes.called_ns[1:-1] <= history.writes.returned_ns[1:-1])
    assert fresh_reads(history).found == 1
    assert monotonic_reads(history).found == 1
