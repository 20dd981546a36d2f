"""Every check of versions agrees with the definitions taken literally, on all small histories and on random ones."""

import itertools
import os
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
import reference
from history_language import build, history, parse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loadtest.judge.checks.atomic_reads import atomic_reads, unexplained_conflicts
from loadtest.judge.checks.fresh_reads import fresh_reads
from loadtest.judge.checks.monotonic_reads import inversions, monotonic_reads
from loadtest.judge.checks.phantoms import phantoms
from loadtest.judge.checks.visible_writes import visible_writes
from loadtest.judge.order.timeline import timeline
from loadtest.judge.order.unseen import unseen
from loadtest.judge.order.zones import zones

HOW_MANY = int(os.environ.get("RANDOM_HISTORIES", "1000"))
"""`make test-thorough` looks at ten thousand."""
SHRUNK = settings(max_examples=min(max(100, HOW_MANY // 5), 1000), suppress_health_check=list(HealthCheck))


def assert_agrees(text: str) -> None:
    tables = parse(text)
    run = build(*tables)
    times = run.once(timeline)
    writes, reads = reference.operations(tables)
    named = run.reads.version >= 0
    order = [place for place in range(len(run.reads)) if named[place]]
    assert [run.reads.called_ns[place] for place in order] == [read.called for read in reads]

    stale = [reference.staleness_k(read, writes, reads) for read in reads]
    assert times.behind[order].tolist() == stale, text
    phantom = [reference.is_phantom(read, writes) for read in reads]
    assert times.phantom[order].tolist() == phantom, text
    assert phantoms(run).found == sum(phantom), text
    assert fresh_reads(run).found == sum(k > 0 for k in stale), text
    passed_over = run.once(unseen)
    assert (set(passed_over.lost.tolist()), set(passed_over.overtaken.tolist())) == reference.lost_writes(writes, reads)
    assert visible_writes(run).found == len(passed_over.lost), text
    across = [reference.is_inversion(read, writes, reads, same_session=False) for read in reads]
    assert inversions(run).tolist() == [order[n] for n, found in enumerate(across) if found], text
    within = [reference.is_inversion(read, writes, reads, same_session=True) for read in reads]
    assert monotonic_reads(run).found == sum(within), text

    zone, sizes = zones(run), reference.conflict_sizes(writes, reads)
    for bound in (0, 1, 3):
        expected = {version for pair, size in sizes.items() if size > bound for version in pair}
        found = zone.conflicts(bound)
        assert set(found) == expected, (text, bound)
        assert all(sizes[min(pair), max(pair)] > bound for pair in found.items()), (text, bound)
    conflicts = bool(zone.conflicts())
    atomic = not any(phantom) and not conflicts
    assert atomic == reference.is_atomic(writes, reads), text
    if conflicts:  # then some check says so
        assert any(stale) or any(across) or unexplained_conflicts(run, times, zone), text
    assert (atomic_reads(run).found > 0) <= conflicts, text


def arrangements(count: int, end: int) -> list[tuple[tuple[int, int], ...]]:
    """All ways in which intervals below ``end`` can lie to each other, with ties; one of those with the same order."""
    intervals = [(start, stop) for start in range(end) for stop in range(start, end)]
    found = {}
    for chosen in itertools.product(intervals, repeat=count):
        moments = sorted({moment for interval in chosen for moment in interval})
        found[tuple((moments.index(start), moments.index(stop)) for start, stop in chosen)] = True
    return list(found)


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_every_interleaving_of_two_writes_and_one_read(version: int) -> None:
    for first, second, read in arrangements(3, 6):
        if first[1] > second[0] or first[0] >= second[0]:
            continue
        run = history(f"w1[{first[0]} {first[1]}] w2[{second[0]} {second[1]}] r{version}[{read[0]} {read[1]}]")
        times = timeline(run)
        expected_phantom = version == 3 or (version > 0 and read[1] < (first, second)[version - 1][0])
        newer = [write for number, write in ((1, first), (2, second)) if number > version]
        older_over = {0: -1, 1: first[1], 2: second[1], 3: 0}[version]
        expected = 0 if expected_phantom else sum(older_over < w[0] and w[1] < read[0] for w in newer)
        if version == 1 and not expected_phantom and read[1] < second[0] <= first[1]:
            expected = 0  # the read itself is over before the second write; nothing can have superseded it
        assert bool(times.phantom[0]) == expected_phantom
        assert times.behind[0] == expected


def test_every_interleaving_of_two_writes_and_two_reads_of_one_reader() -> None:
    for a, b, c, d in arrangements(4, 4):
        if a[1] > b[0] or a[0] >= b[0] or c[1] > d[0]:
            continue
        for first, second in ((2, 1), (1, 0), (2, 0), (1, 2)):
            assert_agrees(f"w1[{a[0]} {a[1]}] w2[{b[0]} {b[1]}] s:r{first}[{c[0]} {c[1]}] s:r{second}[{d[0]} {d[1]}]")


def some_history(number: Callable[[int, int], int], one_of: Callable[[Sequence[Any]], Any]) -> str:
    """A small history with writes of every outcome, sessions, coarse times, and versions right and wrong.

    ``number`` chooses between two bounds, ``one_of`` out of several.
    """
    text, time, called = [], 0, [-1]
    count = number(1, 4)
    for version in range(1, count + 1):
        time += number(0, 3)
        took = number(0, 4)
        kind = one_of("wwwuuux")
        called.append(time)
        end = "?" if kind == "u" else str(time + took)
        text.append(f"{'x' if kind == 'x' else 'w'}{version}[{time} {end}]")
        time += took + number(0, 1)
    for _ in range(number(0, 5)):
        start = number(0, time + 3)
        end = start + number(0, 5)
        if number(0, 9):  # mostly a version that may have been there
            version = one_of([number for number, began in enumerate(called) if began <= end])
        else:
            version = number(0, count + 1)
        session = one_of("ab")
        text.append(f"{session}:{one_of('rrn')}{version}[{start} {end}]")
    return " ".join(text)


@st.composite
def histories(draw: st.DrawFn) -> str:
    return some_history(
        lambda low, high: draw(st.integers(low, high)), lambda choices: draw(st.sampled_from(list(choices)))
    )


@SHRUNK
@example("w1[0 ?] w2[0 ?] a:r1[1 2] b:r2[3 4] c:r1[5 6]")  # no stale read, no inversion, and no order
@example("w1[0 ?] w2[1 9] a:r2[2 3] b:r1[4 5] c:r2[6 7]")  # the older write took effect later, and was undone
@example("w1[0 ?] w2[1 9] a:r2[2 3] b:r1[4 5] c:r1[6 7]")  # … and stayed: fine
@given(histories())
def test_histories_agree_with_the_definitions(text: str) -> None:
    """One that does not is made as small as can be."""
    assert_agrees(text)


def test_many_random_histories_agree_with_the_definitions() -> None:
    """Others each time, and many more than Hypothesis makes in the same time; one that does not agree is printed.

    Where their number is set, they are the same each time, as the score of the mutation benchmark has to be.
    """
    random = Random(1 if "RANDOM_HISTORIES" in os.environ else None)
    for _ in range(HOW_MANY):
        assert_agrees(some_history(random.randint, random.choice))


def test_a_read_that_names_no_version_of_this_run_is_neither_legitimate_nor_a_phantom() -> None:
    times = timeline(
        history("w1[0 10] w2[20 30] n[31 40 sent=-2 etag=-2] torn1[41 50 etag=1] error[51 52] foreign[53 54]")
    )
    assert not times.legitimate.any()
    assert not times.phantom.any()


def test_order_of_rows_does_not_matter() -> None:
    text = "w1[0 5] w2[8 9] a:r1[6 7] b:r2[8 9] a:r1[12 13] c:r0[14 15]"
    reads, writes, windows = parse(text)
    expected = history(text)
    for order in itertools.permutations(range(len(reads))):
        run = build(reads[np.array(order)], writes, windows)
        assert timeline(run).behind.tolist() == timeline(expected).behind.tolist()
        assert monotonic_reads(run).found == monotonic_reads(expected).found
