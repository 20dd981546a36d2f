"""A run that asks no store: what answers alone prove, and what they leave open."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from watched_world import World, document, md5, random_world

from loadtest.http1.answer import Answer
from loadtest.judge.analyse import summarise
from loadtest.judge.checks.conditional_get import conditional_get
from loadtest.judge.checks.fresh_reads import fresh_reads
from loadtest.judge.checks.monotonic_reads import monotonic_reads
from loadtest.judge.checks.phantoms import phantoms
from loadtest.judge.checks.whole_bodies import whole_bodies
from loadtest.judge.checks.write_impact import write_impact
from loadtest.load.preparing import watching
from loadtest.load.reading import recorder
from loadtest.run.documents.observed import ObservedVerifier
from loadtest.run.observed.without_a_store import in_order_of_time
from loadtest.run.records import ReadOutcome, Verdict
from loadtest.target.finding import Target
from loadtest.target.what_to_keep import Seen


def at(second: int) -> str:
    return format_datetime(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second), usegmt=True)


def readers_of(*names: int, times: int = 30, modified: bool = True) -> World:
    """One reader who gets each of these documents in turn, ``times`` times."""
    world = World([(-1000, 0)])
    moment = 0
    for name in names:
        for _ in range(times):
            world.read(0, moment, moment, name, asks=moment % 2 == 0)
            moment += 2
    for name in dict.fromkeys(names):
        if modified:
            world.modified(name, at(10 * name))
    return world


def test_readers_that_see_documents_in_their_order_pass_and_freshness_is_not_asked() -> None:
    history = readers_of(0, 1, 2, 3, 4, 5, 6).history_without_store()
    assert monotonic_reads(history).verdict is Verdict.PASS
    assert "Last-Modified" in monotonic_reads(history).sentence
    fresh = fresh_reads(history)
    assert (fresh.verdict, fresh.found) == (Verdict.INCONCLUSIVE, 0)
    assert "--writer none" in fresh.sentence
    assert whole_bodies(history).found == conditional_get(history).found == 0
    assert phantoms(history).verdict is Verdict.INCONCLUSIVE  # what was ever written, nobody asked either
    assert conditional_get(history).verdict is Verdict.PASS
    assert "nobody asked the store" in conditional_get(history).sentence
    assert "nobody looked" in write_impact(history).sentence


def test_a_reader_that_gets_a_document_that_was_last_modified_before_went_back() -> None:
    history = readers_of(0, 1, 2, 1).history_without_store()
    result = monotonic_reads(history)
    assert (result.verdict, result.found) == (Verdict.FAIL, 30)
    assert "by the Last-Modified" in result.sentence


@pytest.mark.parametrize("missing", ["no header", "published again", "the same second"])
def test_without_a_proof_of_order_coming_back_is_said_and_no_finding(missing: str) -> None:
    world = readers_of(0, 1, 0, modified=missing != "no header")
    if missing == "published again":
        world.modified(0, at(99))
    if missing == "the same second":
        world = readers_of(0, 1, 0, modified=False)
        world.modified(0, at(5))
        world.modified(1, at(5))
    result = monotonic_reads(world.history_without_store())
    assert (result.verdict, result.found) == (Verdict.INCONCLUSIVE, 0)
    assert "published again" in result.sentence


def test_a_broken_body_is_found_by_its_etag_alone() -> None:
    world = readers_of(0, 1)
    world.read(0, 500, 500, 1, body=document(1)[:-3])
    history = world.history_without_store()
    assert history.reads.outcome.tolist()[-1] == ReadOutcome.TRUNCATED
    assert whole_bodies(history).found == 1


def test_a_body_cut_short_that_got_an_etag_of_its_own_on_the_way_is_no_document() -> None:
    world = readers_of(0, 1, 2, 3, 4, 5, 6)
    good = whole_bodies(world.history_without_store())
    cut = document(6)[:40]
    world.read(0, 900, 900, 6, body=cut, etag=md5(cut))
    result = whole_bodies(world.history_without_store())
    assert good.found == result.found == 0
    assert "no ETag vouches" in result.sentence
    assert "no ETag vouches" not in good.sentence


def test_addresses_of_another_object_are_told_of_where_nobody_asks_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = {"http://a/1": document(1), "http://a/2": document(1), "http://a/3": document(2)}
    monkeypatch.setattr(watching, "document_at", lambda one: Seen(200, {}, bodies[one.url]))
    monkeypatch.setattr(watching, "_PATIENCE_S", 0)

    def said_of(*urls: str) -> str:
        addresses = tuple((url, 1) for url in urls)
        return watching.addresses_see(Target(urls[0], None, "k", None, None, None, addresses=addresses))

    assert said_of("http://a/1") == said_of("http://a/1", "http://a/2") == ""
    assert "another document at http://a/3 than at http://a/1" in said_of("http://a/1", "http://a/2", "http://a/3")


def test_what_no_etag_vouches_for_leaves_whole_bodies_open() -> None:
    world = readers_of(0, 1, 2, 3, 4, 5, 6)
    world.read(0, 900, 900, 0, body=b'{"error": "try again"}', etag="")
    result = whole_bodies(world.history_without_store())
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "no ETag vouches" in result.sentence


def test_correct_runs_without_a_store_raise_no_alarm_and_no_check_crashes() -> None:
    for seed in range(60):
        world = random_world(Random(seed), length=400, gap=(10, 60), heads_every=10, names=lambda number: number % 9)
        for name in range(9):
            world.modified(name, at(name) if seed % 2 else "")
        if seed % 2:  # documents that come again have more than one time
            world.modified(0, at(100))
            for name in range(1, 9):
                world.modified(name, at(100 + name))
        summary = summarise(world.history_without_store())
        for check in summary.checks:
            assert not check.error, (seed, check.error)
            assert check.verdict is not Verdict.FAIL, (seed, check.id, check.sentence)


def test_the_order_of_documents_is_that_of_their_times_where_each_has_one_of_its_own() -> None:
    assert in_order_of_time([{at(5)}, {at(1)}, {at(3), at(4)}, {at(2)}, {at(2)}, {""}, {"soon"}, set()]) == [1, 0]


def test_a_document_whose_times_are_too_many_to_keep_has_no_place_in_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST_TIMES_KEPT", 2)
    noted: list[dict[str, Any]] = []
    taking = recorder.Recorder.__new__(recorder.Recorder)
    taking.verifier, taking._modified = ObservedVerifier(), set()
    taking.spool = SimpleNamespace(body=noted.append)
    for second in (1, 2, 3, 4):
        fields = {b"last-modified": at(second).encode()}
        taking.note_modified(1, Answer(200, [], fields, bytearray(), 0, 0, b"", False, 0))
    said = [line["modified"] for line in noted]
    assert said == [at(1), at(2), ""]
    assert in_order_of_time([{said[0], said[2]}, {at(2)}]) == [1]
