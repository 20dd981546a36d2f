"""The same bytes under one ETag after the other, as where a store encrypts them anew with each PUT (KMS)."""

from dataclasses import replace
from random import Random

import pytest
from test_without_a_store import readers_of
from watched_world import FINDERS, World, md5, no_finding

from loadtest.judge.analyse import summarise
from loadtest.judge.checks.conditional_get import conditional_get
from loadtest.judge.checks.fresh_reads import fresh_reads
from loadtest.judge.checks.whole_bodies import whole_bodies
from loadtest.judge.thresholds.judging import evaluate
from loadtest.run.history.history import History
from loadtest.run.records import UNDECIDED_VERSION, ReadOutcome, Verdict


class Encrypted(World):
    """Each publication has an ETag of its own, whatever its bytes are."""

    def __init__(self, published: list[tuple[int, int]]) -> None:
        super().__init__([(-1000, published[0][1]), *published[1:]], digests="no")

    def tag_at(self, moment: int) -> str:
        when = max(when for when, _ in self.published if when <= moment)
        return f"{md5(str(when).encode())}-1"

    def looked(self, until: int) -> None:
        moments = range(0, until, 10)
        self.watch([replace(self.head(at, at, at), etag=f'"{self.tag_at(at)}"') for at in moments], 10)

    def got(self, session: int, moment: int, *, asks: bool = False, served: int | None = None) -> None:
        """A read that is served what was there at a moment: body and ETag of one publication."""
        of = moment if served is None else served
        self.read(session, moment, moment, self.current(of), asks=asks, etag=self.tag_at(of))


def run(published: list[tuple[int, int]], until: int = 1000) -> Encrypted:
    world = Encrypted(published)
    world.looked(until)
    for moment in range(1, until - 10, 2):
        world.got(moment % 3, moment, asks=moment % 2 == 0 or moment % 3 == 0)
    return world


UNCHANGED = [(0, 7), (103, 7), (203, 7), (303, 7), (403, 7), (503, 7), (603, 7)]
BACK_AND_FORTH = [(0, 7), (103, 8), (203, 7), (303, 8), (403, 9), (503, 7), (603, 8)]


def versions_are_those_of_their_etags(history: History) -> bool:
    return bool((history.reads.version == history.reads.etag_version).all())


@pytest.mark.parametrize("published", [UNCHANGED, BACK_AND_FORTH], ids=["unchanged", "back and forth"])
def test_a_document_that_is_published_again_as_it_was_is_no_finding(published: list[tuple[int, int]]) -> None:
    """An ETag that names a version names it with whatever bytes, and a 200 under a new ETag is no condition ignored."""
    history = run(published).history()
    assert len(history.writes) == 7
    assert sorted(set(history.reads.version.tolist())) == list(range(7))
    assert versions_are_those_of_their_etags(history)
    no_finding(history)
    assert whole_bodies(history).verdict is Verdict.PASS
    for check in (fresh_reads, conditional_get):  # a gateway with old bytes under new ETags would look the same
        assert check(history).verdict is Verdict.INCONCLUSIVE
        assert "old bytes are served under a new ETag" in check(history).sentence


def test_a_cache_that_keeps_what_is_published_again_as_it_was_serves_nothing_old() -> None:
    world = run(UNCHANGED)
    for moment in range(701, 720):
        world.got(5, moment, served=50)
    history = world.history()
    assert history.reads.version[history.reads.session == 5].tolist() == [UNDECIDED_VERSION] * 19
    no_finding(history)


def test_what_is_old_in_its_bytes_too_is_found() -> None:
    world = run([(0, 1), (103, 2), (203, 3), (303, 4), (403, 5), (503, 6), (603, 7)])
    for moment in range(701, 720):
        world.got(5, moment, served=550)
    history = world.history()
    assert history.info.watch is not None and history.info.watch.same_bytes == 0
    assert fresh_reads(history).found == 19
    assert conditional_get(history).verdict is Verdict.PASS


def test_a_body_of_another_publication_now_and_then_is_found_as_before() -> None:
    world = run(BACK_AND_FORTH)
    for moment in range(421, 430):  # old bytes under the new ETag, in few of the reads
        world.read(5, moment, moment, 8, etag=world.tag_at(moment))
    history = world.history()
    assert set(history.reads.outcome[history.reads.session == 5].tolist()) <= {
        int(ReadOutcome.ETAG_MISMATCH), int(ReadOutcome.CORRUPT), int(ReadOutcome.TRUNCATED)
    }  # fmt: skip
    assert sum(check(history).found for check in FINDERS) > 0


def test_a_condition_that_is_ignored_where_no_order_is_known_does_not_pass() -> None:
    """No Last-Modified and nobody who asks the store: the same document came again, and that may have been right."""
    world = readers_of(0, 1, 2, modified=False)
    assert conditional_get(world.history_without_store()).verdict is Verdict.PASS
    world.read(0, 9_000, 9_000, 2)
    held = world._held[0]
    world._record(0, 9_002, 9_003, 200, held[0], held[1], held[1], 10, ReadOutcome.WHOLE)
    result = conditional_get(world.history_without_store())
    assert (result.verdict, result.found) == (Verdict.INCONCLUSIVE, 0)
    assert result.sentence.startswith("1 request named a document and got the same one again, with 200")


@pytest.mark.parametrize("store", ["asked", "not asked"])
def test_a_condition_that_is_ignored_under_an_etag_that_no_head_showed_does_not_pass(store: str) -> None:
    """Every now and then the target makes an ETag anew: the bytes were published again as they were, or it is wrong."""
    world = World([(-1000, 7)], digests="no")
    world.watch([world.head(moment, moment, moment) for moment in range(0, 1010, 10)], 10)
    for moment in range(1, 1000):
        made_anew = f"made-{moment // 100}" if moment >= 100 else None
        world.read(moment % 3, moment, moment, 7, asks=True, etag=made_anew)
    history = world.history() if store == "asked" else world.history_without_store()
    assert int((history.reads.outcome == ReadOutcome.NOT_MODIFIED).sum()) == 999 - 30
    result = conditional_get(history)
    assert (result.verdict, result.found) == (Verdict.INCONCLUSIVE, 0)
    assert result.sentence.startswith("27 requests named a document and got the same one again, with 200")
    (limit,) = evaluate(["not_modified == 100%"], summarise(history), history)
    assert limit.verdict is Verdict.INCONCLUSIVE, limit.sentence


def test_correct_runs_with_an_etag_for_each_publication_raise_no_alarm() -> None:
    """Whatever is published again, and when: in order, back and forth, and faster than HEADs look."""
    for seed in range(60):
        random = Random(seed)
        moment, published = 0, [(0, 7)]
        while moment < 900:
            moment += random.choice([3, 30, 90]) + random.randint(0, 30)
            published.append((moment, random.choice([7, 7, 8, 9])))
        world = Encrypted(published)
        world.looked(1000)
        for session in range(3):
            asks, at = random.random() < 0.7, random.randint(1, 9)
            while at < 985:
                world.got(session, at, asks=asks)
                at += random.randint(1, 6)
        history = world.history()
        for check in FINDERS:
            assert check(history).found == 0, (seed, check.__name__, check(history).sentence)
