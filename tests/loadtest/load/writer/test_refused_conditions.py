"""What becomes of a PUT that is refused under its condition, and of stores that do not know any."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kept_objects import MINE, RUN, about, restore
from writing_beside_others import ACKED, REFUSED, SIZE, THEIRS, UNKNOWN, Writing, published

from loadtest.load.writer.conditional_puts import Replacing
from loadtest.run.documents.made_up import render
from loadtest.run.files import KEPT_ABOUT
from loadtest.run.records import OTHERS_WROTE
from loadtest.target.kept_document import TAKEN_OVER_FROM, keep, keep_later, kept_folder, newest_kept
from loadtest.target.store_interface import CHANGED_MEANWHILE, Attempt, ObjectLook
from tests.targets.odd_store import OddStore, running_odd_store

pytestmark = pytest.mark.usefixtures("own_key")

REFUSALS = ("NotImplemented|501", "InvalidRequest|400", "InvalidArgument|400", f"{CHANGED_MEANWHILE}|412")
LATER_REFUSALS = ("BadRequest|400", "AccessDenied|403", "NoSuchKey|404")
"""Where there is a document before the run, one at such a store is refused before its first PUT."""


@pytest.mark.parametrize(
    ("before", "refusal"),
    [
        *((before, refusal) for before in (MINE, None) for refusal in ("", *REFUSALS)),
        *((None, refusal) for refusal in LATER_REFUSALS),
    ],
)
def test_a_run_goes_on_at_a_store_that_ignores_or_refuses_conditions(
    tmp_path: Path, before: bytes | None, refusal: str
) -> None:
    with running_odd_store(**({"conditionfail": refusal} if refusal else {"noconditionalput": "1"})) as odd:
        odd.hold(before)
        run = Writing(odd, tmp_path)
        assert [run.put(version) for version in range(1, 5)] == [ACKED] * 4
        given = ["if-match" in request.headers for request in odd.requests_with("PUT")[-3:]]
        assert given == [not refusal] * 3
        assert published(tmp_path) == []
        assert restore(tmp_path) == 0
        assert odd.body == before


def test_a_conflict_changes_nothing_and_conditions_stay(tmp_path: Path, odd: OddStore) -> None:
    """409: somebody else's request is under way; what is there is the run's own still."""
    run = Writing(odd, tmp_path)
    odd.oddities["conditionfail"] = "ConditionalRequestConflict|409"
    assert run.put(1) is REFUSED
    assert run.error == f"{OTHERS_WROTE}somebody else writes there at the same moments"
    assert odd.body == render(RUN, 0, SIZE)
    odd.oddities.clear()
    assert run.put(2) is ACKED
    assert "if-match" in odd.requests_with("PUT")[-1].headers
    odd.hold(THEIRS)
    assert run.put(3) is REFUSED
    assert odd.body == THEIRS


def test_a_conflict_with_a_put_that_was_not_answered_is_nobody_elses(tmp_path: Path, odd: OddStore) -> None:
    run = Writing(odd, tmp_path)
    assert run.put(1) is ACKED
    odd.oddities["putlost"] = "1"
    assert run.put(2) is UNKNOWN
    odd.oddities.clear()
    odd.oddities["conditionfail"] = "ConditionalRequestConflict|409"
    assert run.put(3) is REFUSED
    assert run.error.startswith("ConditionalRequestConflict (HTTP 409)")


def test_before_a_put_without_condition_there_is_a_look(tmp_path: Path, odd: OddStore) -> None:
    run = Writing(odd, tmp_path)  # where nothing was, so that no condition has been taken yet
    odd.hold(THEIRS)
    odd.oddities["conditionfail"] = "AccessDenied|403"
    assert run.put(1) is REFUSED
    assert (odd.body, published(tmp_path)) == (THEIRS, [THEIRS])


@pytest.mark.parametrize("around", [b'{"doc": %s, "theirs": 1}', b" %s"])
def test_a_document_around_one_of_ours_is_theirs(tmp_path: Path, odd: OddStore, around: bytes) -> None:
    odd.hold(MINE)
    run = Writing(odd, tmp_path)
    theirs = around % render(RUN, 0, SIZE)
    odd.hold(theirs)
    assert run.put(1) is REFUSED
    assert (odd.body, published(tmp_path)) == (theirs, [theirs])


def test_a_version_of_which_a_proxy_sent_the_first_put_later_was_called_with_the_first() -> None:
    """The first copy meets a conflict and is sent on later; the second is refused, because the first took effect."""
    answers = [Attempt(ACKED, '"a"', "", "", 1)]
    answers += [
        Attempt(REFUSED, "", "ConditionalRequestConflict", "", 5),
        Attempt(REFUSED, "", CHANGED_MEANWHILE, "", 9),
    ]
    looks = [ObjectLook("document", body=b"0", etag='"a"'), ObjectLook("document", body=b"1", etag='"b"')]
    store: Any = SimpleNamespace(put=lambda *_, **__: answers.pop(0), look=lambda: looks.pop(0))
    nobody: Any = None
    own = Replacing(store, ObjectLook("nothing"), nobody, nobody)
    own.put_first(0, b"0", {})
    assert own.put(1, b"1") == Attempt(ACKED, '"b"', "", "", 5)


def test_what_a_run_has_taken_over_is_settled_by_what_is_published_after_it(tmp_path: Path, odd: OddStore) -> None:
    folder = kept_folder(tmp_path)
    keep(
        folder, {**about(odd, **{"from": "earlier run"}), TAKEN_OVER_FROM: "earlier"}, ObjectLook("document", body=MINE)
    )
    keep_later(folder, about(odd), ObjectLook("document", body=THEIRS))
    assert json.loads((newest_kept(tmp_path) / KEPT_ABOUT).read_bytes())[TAKEN_OVER_FROM] == "earlier"


@pytest.mark.parametrize("etag", ['"a"', 'W/"a"', ""])
def test_only_a_strong_etag_is_a_condition(etag: str) -> None:
    given: list[Any] = []
    store: Any = SimpleNamespace(put=lambda _, **arguments: given.append(arguments) or Attempt(ACKED, etag, "", "", 1))
    nobody: Any = None
    own = Replacing(store, ObjectLook("nothing"), nobody, nobody)
    own.put_first(0, b"{}", {})
    own.put(1, b"{}")
    assert given == [{}, {"IfMatch": etag} if etag == '"a"' else {}]


def test_a_refusal_for_another_reason_makes_no_put_unconditional(tmp_path: Path, odd: OddStore) -> None:
    """Once the store has taken a condition, a 403 is about a right that was taken away."""
    odd.hold(MINE)
    run = Writing(odd, tmp_path)
    odd.hold(THEIRS)
    odd.oddities["conditionfail"] = "AccessDenied|403"
    assert run.put(1) is REFUSED
    assert run.error.startswith("AccessDenied (HTTP 403)")
    assert odd.body == THEIRS


def test_a_key_that_may_not_read_gives_no_condition(tmp_path: Path, odd: OddStore) -> None:
    """S3 takes If-Match only from one that may; what is there could not be kept either."""
    odd.oddities["getdenied"] = "1"
    run = Writing(odd, tmp_path)
    assert run.put(1) is ACKED
    assert "if-match" not in odd.requests_with("PUT")[-1].headers
