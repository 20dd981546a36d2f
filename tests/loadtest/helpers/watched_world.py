"""A read model that somebody else publishes: what happened is known, down to each moment, and all the rest is recorded.

HEADs, watcher, bodies, ETags and sealing are the real ones; only the clock and the network are made up.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from random import Random
from typing import Any

import numpy as np
from history_language import ZERO_NS, build, run_info

from loadtest.judge.checks.atomic_reads import atomic_reads
from loadtest.judge.checks.conditional_get import conditional_get
from loadtest.judge.checks.fresh_reads import fresh_reads
from loadtest.judge.checks.monotonic_reads import monotonic_reads
from loadtest.judge.checks.phantoms import phantoms
from loadtest.judge.checks.visible_writes import visible_writes
from loadtest.judge.checks.whole_bodies import whole_bodies
from loadtest.load.writer.proved_by_heads import Watching
from loadtest.run.clocks.clock_bounds import ClockBounds
from loadtest.run.clocks.clocks import widened
from loadtest.run.documents.observed import ObservedVerifier
from loadtest.run.etags.versions_named import SpooledReads
from loadtest.run.history.history import History
from loadtest.run.history.run_info import RunInfo
from loadtest.run.observed.naming import name_observed
from loadtest.run.observed.watcher_journal import Watched, watched_from
from loadtest.run.observed.without_a_store import name_alone
from loadtest.run.records import WRITE_DTYPE, ReadOutcome, Verdict, WriteOutcome
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE
from loadtest.summary.findings import CheckResult
from loadtest.target.head_object import Head


@cache
def document(name: int, salt: str = "") -> bytes:
    return f'{{"revision": {name}, "salt": "{salt}", "rows": [{", ".join(map(str, range(name % 7, 20)))}]}}'.encode()


@cache
def md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@dataclass
class Written:
    """A journal in memory."""

    writes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def called(self, version: int, scheduled_ns: int, called_ns: int, size: int) -> bool:
        assert version == len(self.writes)
        self.writes.append({"version": version, "scheduled_ns": scheduled_ns, "called_ns": called_ns, "bytes": size})
        return True

    def returned(
        self, version: int, returned_ns: int, outcome: WriteOutcome, etag: str, error: str, request_id: str = ""
    ) -> None:
        self.writes[version] |= {"returned_ns": returned_ns, "outcome": outcome, "etag": etag, "error": error}

    def note(self, kind: str, **said: Any) -> None:
        self.notes.append({"kind": kind, **said})

    def table(self) -> np.ndarray:
        rows = np.zeros(len(self.writes), dtype=WRITE_DTYPE)
        for row, write in zip(rows, self.writes, strict=True):
            for name, value in write.items():
                row[name] = value
        return rows


@dataclass
class World:
    """Publications, HEADs and reads; times are nanoseconds from an arbitrary zero."""

    published: list[tuple[int, int]]
    """When, and which document; the first long before everything else."""
    digests: str = "perhaps"
    journal: Written = field(default_factory=Written)
    rows: list[tuple[int, ...]] = field(default_factory=list)
    lines: list[Any] = field(default_factory=list)
    etags: list[str] = field(default_factory=lambda: [""])

    def __post_init__(self) -> None:
        self.verifier = ObservedVerifier()
        self.verifier.tell = self.lines.append
        self._held: dict[int, tuple[int, int]] = {}
        self._when = [when for when, _ in self.published]
        self._line_of = {"": 0}

    def published_last(self, moment: int) -> tuple[int, int]:
        """When the document was published that is there at ``moment``, and which it is."""
        return self.published[bisect_right(self._when, moment) - 1]

    def current(self, moment: int) -> int:
        return self.published_last(moment)[1]

    def tag(self, name: int) -> str:
        body = document(name)
        return md5(body) if self.digests != "no" else f"{md5(body)}-2"

    def head(self, called: int, returned: int, moment: int, *, last_modified: bool = True) -> Head:
        when, name = self.published_last(moment)
        return Head(
            ZERO_NS + called,
            ZERO_NS + returned,
            etag=f'"{self.tag(name)}"',
            size=len(document(name)),
            last_modified=str(when) if last_modified else "",
            digest=self.digests,
        )

    def watch(self, heads: Sequence[Head], usual_ns: int) -> None:
        watching = Watching(self.journal, usual_ns)
        for head in heads:
            watching.see(head)
        watching.close(heads[-1].returned_ns)

    def read(
        self, session: int, called: int, returned: int, name: int, *, asks: bool = False, body: bytes | None = None,
        etag: str | None = None,
    ) -> None:  # fmt: skip
        """A read that returned document ``name`` (or another ``body``, or another ``etag``)."""
        held = self._held.get(session) if asks else None
        sent = 0 if held is None else held[1]
        line = self._line(self.tag(name) if etag is None else etag)
        if held is not None and held[1] == line:
            self._record(session, called, returned, 304, held[0], line, sent, 0, ReadOutcome.NOT_MODIFIED)
            return
        body = document(name) if body is None else body
        outcome, number = self.verifier.identify(body)
        self._held[session] = (number, line)
        self._record(session, called, returned, 200, number, line, sent, len(body), outcome)

    def _record(self, session: int, called: int, returned: int, *rest: int) -> None:
        called, returned = ZERO_NS + called, ZERO_NS + returned
        self.rows.append((session, called, called, returned, *rest, 0))  # at the one address

    def _line(self, etag: str) -> int:
        if etag not in self._line_of:
            self._line_of[etag] = len(self.etags)
            self.etags.append(f'"{etag}"')
        return self._line_of[etag]

    def modified(self, name: int, when: str) -> None:
        """Answers with this document say that it was last modified then."""
        self.lines.append({"etag": self._line(self.tag(name)), "modified": when})

    def history_without_store(self) -> History:
        """What is judged where nobody asked the store."""
        reads, writes, info = unwatched_by([self])
        return build(reads, writes, info=info)

    def history(self, **settings: Any) -> History:
        reads, writes, info = watched_by([self], **settings)
        return build(reads, writes, info=info)


Recorded = tuple[np.ndarray, np.ndarray, RunInfo]
"""Reads, writes and run.json."""


def watched_by(worlds: list[World], clocks: dict[int, ClockBounds] | None = None, **settings: Any) -> Recorded:
    """What is recorded by processes that each read in a world of their own, of which the first asks the store too."""
    said, writes = watched_from(worlds[0].journal.notes), worlds[0].journal.table()
    lines = [world.lines for world in worlds]
    settled = partial(widened, clocks=clocks or {}, not_before_ns=int(writes["returned_ns"][0]))
    named = name_observed(_spooled(worlds), lines, writes, Watched.model_validate(said), settled)
    told = {"unseen": named.unseen, "vouched": named.vouched, "same_bytes": named.same_bytes}
    info = run_info(writer="watch", write_interval=0.0, window=0.0, **settings)
    return named.reads, writes, info.model_copy(update={"watch": Watched.model_validate({**said, **told})})


def unwatched_by(worlds: list[World], clocks: dict[int, ClockBounds] | None = None) -> Recorded:
    """The same where nobody asks the store."""
    first = np.zeros(1, dtype=WRITE_DTYPE)
    first["called_ns"], first["returned_ns"] = ZERO_NS - 1000, ZERO_NS - 900
    first["etag"], first["error"] = "", ""
    settled = partial(widened, clocks=clocks or {}, not_before_ns=ZERO_NS - 900)
    alone = name_alone(_spooled(worlds), [world.lines for world in worlds], first, settled)
    said = {"documents": alone.documents, "in_order": alone.in_order, "came_back": alone.came_back}
    info = run_info(writer="none", write_interval=0.0, window=0.0)
    return alone.reads, alone.writes, info.model_copy(update={"watch": Watched.model_validate(said)})


def _spooled(worlds: list[World]) -> list[SpooledReads]:
    return [
        SpooledReads(worker, np.array(world.rows, dtype=SPOOLED_READ_DTYPE), world.etags)
        for worker, world in enumerate(worlds)
    ]


def between(random: Random, low: int, high: int) -> int:
    """As ``random.randint``, of whose calls millions would cost as much as all that is judged."""
    return low + int(random.random() * (high - low + 1))


def heads_of(world: World, random: Random, length: int, every: int) -> list[Head]:
    """HEADs from before the first read to after the last one, each of which looks at a moment of its own."""
    heads, time = [], -3 * every
    while time < length + every:
        took = between(random, 0, max(1, every // 3))
        heads.append(world.head(time, time + took, between(random, time, time + took)))
        time += took + between(random, 0, every)
    return heads


def random_world(
    random: Random, *, length: int, gap: tuple[int, int], heads_every: int, names: Callable[[int], int], lag: int = 0,
    sessions: int = 4, read_takes: int = 4, pause: int = 6,
) -> World:  # fmt: skip
    """A run against an object that is atomic, or whose reads lag by ``lag``."""
    published, time, number = [(-10 * length, names(0))], between(random, *gap), 0
    while time < length:
        number += 1
        if names(number) != published[-1][1]:
            published.append((time, names(number)))
        time += between(random, *gap)
    world = World(published, digests=random.choice(["yes", "perhaps", "no"]))
    heads = heads_of(world, random, length, heads_every)
    world.watch(heads, heads_every)
    begins = heads[0].returned_ns - ZERO_NS
    for session in range(sessions):
        time = max(0, begins) + between(random, 0, pause)
        asks = random.random() < 0.5
        while time < length:
            took = between(random, 0, read_takes)
            moment = between(random, time, time + took)
            world.read(session, time, time + took, world.current(moment - lag), asks=asks)
            time += took + between(random, 0, pause)
    return world


FINDERS = (fresh_reads, monotonic_reads, atomic_reads, phantoms, visible_writes, whole_bodies, conditional_get)


def no_finding(history: History) -> list[CheckResult]:
    """What the checks say of a correct run."""
    results = [check(history) for check in FINDERS]
    for result in results:
        assert result.found == 0, (result.id, result.sentence, result.witnesses)
        assert result.verdict is not Verdict.FAIL, result.sentence
    return results
