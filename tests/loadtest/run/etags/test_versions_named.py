"""Which version an ETag names is learned from what was read; contradictions show, and nothing else does."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.run.etags.versions_named import SpooledReads, name_versions
from loadtest.run.records import NO_VERSION, SECOND_ETAG, UNKNOWN_VERSION, ReadOutcome, opaque
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE

WHOLE, NOT_MODIFIED, MISMATCH = ReadOutcome.WHOLE, ReadOutcome.NOT_MODIFIED, ReadOutcome.ETAG_MISMATCH
Row = tuple[str, int, str, str | None]
"""Session, version, ETag of the answer ("" = none), and the ETag that was sent: with it the answer is a 304."""


def named(
    rows: list[Row], put: dict[str, list[int]] | None = None, *, answered_200: bool = False
) -> np.ndarray[Any, Any]:
    """The reads as they are sealed: one after the other, and each by its session."""
    sessions: dict[str, int] = {}
    etags = [""]

    def line(etag: str | None) -> int:
        if not etag:
            return 0
        if etag not in etags:
            etags.append(etag)
        return etags.index(etag)

    records = np.zeros(len(rows), dtype=SPOOLED_READ_DTYPE)
    for place, (record, (session, version, etag, sent)) in enumerate(zip(records, rows, strict=True)):
        record["session"] = sessions.setdefault(session, len(sessions))
        record["called_ns"], record["returned_ns"] = 10 * place, 10 * place + 5
        record["version"], record["etag"], record["sent_etag"] = version, line(etag), line(sent)
        whole = answered_200 or sent is None
        record["outcome"], record["status"] = (WHOLE, 200) if whole else (NOT_MODIFIED, 304)
    return name_versions([SpooledReads(0, records, etags)], put or {})


@pytest.mark.parametrize(
    ("etag", "part"),
    [('"a"', "a"), ('W/"a"', "a"), ("a", "a"), ("W/a", "a"), (' "a" ', "a"), ('""', ""), ("", ""), ('"', '"')],
)
def test_only_the_opaque_part_of_an_etag_counts(etag: str, part: str) -> None:
    assert opaque(etag) == part


@pytest.mark.parametrize("put", [{}, {"s1": [1], "s2": [2]}, {"unlike anything that is read": [1, 2]}])
def test_an_etag_that_no_put_was_told_names_the_version_that_it_came_with(put: dict[str, list[int]]) -> None:
    reads = named([("a", 1, '"x-gzip"', None), ("b", 2, 'W/"y"', None), ("b", 2, '"y"', 'W/"y"')], put)
    assert reads["etag_version"].tolist() == [1, 2, 2]
    assert reads["outcome"].tolist() == [WHOLE, WHOLE, NOT_MODIFIED]


def test_one_etag_with_two_versions_is_a_mismatch_in_the_fewer_reads() -> None:
    reads = named([("a", 1, '"x"', None), ("a", 2, '"x"', None), ("b", 2, '"x"', None)])
    assert reads["etag_version"].tolist() == [2, 2, 2]
    assert reads["outcome"].tolist() == [MISMATCH, WHOLE, WHOLE]


def test_a_put_is_believed_however_often_its_etag_came_with_another_version() -> None:
    reads = named([("a", 4, '"x"', None)] * 5 + [("a", 3, '"x"', None)], {"x": [3]})
    assert reads["etag_version"].tolist() == [3] * 6
    assert reads["outcome"].tolist() == [MISMATCH] * 5 + [WHOLE]


def test_the_etag_of_the_version_before_is_a_mismatch_even_where_it_is_always_so() -> None:
    first, second = "0123456789abcdef", "fedcba9876543210"
    reads = named([("a", 2, first, None), ("a", 3, second, None)], {first: [1], second: [2]})
    assert reads["outcome"].tolist() == [MISMATCH, MISMATCH]


def test_two_counters_that_happen_to_meet_are_told_apart() -> None:
    put = {"11": [1], "12": [2], "13": [3]}
    reads = named([("a", 1, "12", None), ("a", 2, "13", None), ("a", 3, "14", None)], put)
    assert reads["outcome"].tolist() == [WHOLE] * 3
    once_right = named([("a", 1, "12", None), ("a", 2, "12", None)], put)
    assert once_right["outcome"].tolist() == [MISMATCH, WHOLE]


def test_what_a_304_confirms_is_what_this_reader_holds_though_its_etag_is_that_of_two_documents() -> None:
    rows: list[Row] = [
        ("a", 1, '"x"', None),
        ("b", 2, '"x"', None),
        ("b", 2, '"x"', '"x"'),
        ("a", 1, '"x"', '"x"'),
        ("c", 2, '"x"', None),
    ]
    reads = named(rows)
    assert reads["version"].tolist() == [1, 2, 2, 1, 2]
    assert reads["sent_version"].tolist() == [NO_VERSION, NO_VERSION, 2, 1, NO_VERSION]
    assert reads["etag_version"].tolist() == [2, 2, 2, 1, 2]  # a 304 with the ETag that was sent contradicts nothing


def test_the_etag_of_a_304_is_told_as_a_version() -> None:
    rows: list[Row] = [
        ("a", 1, '"x"', None),
        ("a", 1, '"y"', '"x"'),
        ("a", 1, "", '"x"'),
        ("a", 1, '"?"', '"x"'),
        ("b", 2, '"y"', None),
    ]
    assert named(rows)["etag_version"].tolist() == [1, 2, NO_VERSION, UNKNOWN_VERSION, 2]


def test_a_condition_names_what_its_reader_held() -> None:
    rows: list[Row] = [("a", 1, '"x"', None), ("b", 2, '"y"', None), ("a", 2, '"y"', None), ("b", 2, '"y"', '"y"')]
    reads = named(rows)
    assert reads["sent_version"].tolist() == [NO_VERSION, NO_VERSION, NO_VERSION, 2]


def asked(rows: list[tuple[int, str, str | None]]) -> list[int]:
    """The versions that conditions name. One reader gets 200 each time: version, ETag, and the ETag that was sent."""
    return named([("a", *row) for row in rows], answered_200=True)["sent_version"].tolist()


def test_after_one_change_of_all_etags_the_document_is_rightly_sent_once_more() -> None:
    once = [(1, "a", None), (1, "A", "a"), (1, "A", "A"), (2, "B", "A")]
    assert asked(once) == [NO_VERSION, SECOND_ETAG, 1, 1]
    assert asked([(0, "z", None), (0, "y", "z"), *once]) == [NO_VERSION, 0, NO_VERSION, 1, 1, 1]  # two changes: a habit
    assert asked([(1, "a", None), (1, "b", "a"), (1, "c", "b")]) == [NO_VERSION, 1, 1]
    assert asked([(1, "a", None), (1, "b", "a"), (1, "a", "b")]) == [NO_VERSION, 1, 1]


@pytest.mark.parametrize(
    ("etags", "second"),
    [
        ("xxx", []),
        ("xxyy", []),  # changed once
        ("xxyx", [2]),
        ("yxy", [1]),
        ("xyyx", [1, 2]),
        ("xyxyy", [0, 2]),
        ("xxyzx", [2, 3]),
        ("xyz", []),  # a new one each time: 304 never comes, and that is what is found
        ("yxxxxz", []),
        ("yxyxxx", [0, 2]),
    ],
)
def test_two_etags_by_turns_for_one_version(etags: str, second: list[int]) -> None:
    reads = named([("a", 1, etag, None) for etag in etags] + [("a", 2, "other", None)])
    assert np.flatnonzero(reads["etag_version"] == SECOND_ETAG).tolist() == second
    assert reads["outcome"].tolist() == [WHOLE] * len(reads)


@given(st.lists(st.sampled_from("xyz"), min_size=1, max_size=9))
def test_etags_are_by_turns_exactly_when_one_comes_back_after_another(etags: list[str]) -> None:
    second = named([("a", 1, etag, None) for etag in etags])["etag_version"] == SECOND_ETAG
    usual = max(dict.fromkeys(etags), key=etags.count)
    for rarer in set(etags) - {usual}:
        turns = [etag for etag, _ in itertools.groupby(etag for etag in etags if etag in (usual, rarer))]
        of_rarer = [bool(second[place]) for place, etag in enumerate(etags) if etag == rarer]
        assert of_rarer == [len(turns) > 2] * len(of_rarer)
    assert not any(second[place] for place, etag in enumerate(etags) if etag == usual)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 4)), max_size=30), st.booleans(), st.booleans())
def test_etags_that_name_versions_one_to_one_are_never_a_finding(
    bodies: list[tuple[str, int]], weak: bool, told: bool
) -> None:
    """Whatever ETags are made of, and whoever tells them."""
    rows: list[Row] = [(session, version, f'{"W/" if weak else ""}"t{version}"', None) for session, version in bodies]
    reads = named(rows, {f"t{version}": [version] for version in range(1, 5)} if told else {})
    assert reads["etag_version"].tolist() == reads["version"].tolist()
    assert set(reads["outcome"].tolist()) <= {WHOLE}


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from("xyz")), min_size=1, max_size=30))
def test_a_contradiction_is_a_finding_whatever_the_majority_says(pairs: list[tuple[int, str]]) -> None:
    reads = named([("a", version, etag, None) for version, etag in pairs])
    versions: dict[str, set[int]] = {}
    for version, etag in pairs:
        versions.setdefault(etag, set()).add(version)
    contradicts = any(len(of) > 1 for of in versions.values())
    assert (MISMATCH in reads["outcome"].tolist()) is contradicts


def test_reads_of_several_processes_are_named_together() -> None:
    one = np.zeros(1, dtype=SPOOLED_READ_DTYPE)
    one["version"], one["etag"], one["status"] = 1, 1, 200
    other = one.copy()
    other["version"] = 2
    reads = name_versions([SpooledReads(0, one, ["", '"x"']), SpooledReads(7, other, ["", 'W/"x"'])], {})
    assert reads["worker"].tolist() == [0, 7]
    assert sorted(reads["outcome"].tolist()) == [WHOLE, MISMATCH]
    assert len(name_versions([], {})) == 0
