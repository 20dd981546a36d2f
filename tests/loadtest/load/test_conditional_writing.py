"""A run to whose object others write, too: what is theirs is kept before it is replaced, and put back at the end."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_objects import MINE, OTHER, RUN, about, restore

from loadtest.load.writer.conditional import Replacing, recognised
from loadtest.load.writer.writer import PayloadWriter
from loadtest.run.documents.folder import FOLDER
from loadtest.run.documents.kind import Identity
from loadtest.run.documents.made_up import render
from loadtest.run.documents.made_up_verifier import MADE_UP, MadeUp
from loadtest.run.etags.etag_digests import md5_of
from loadtest.run.files import JOURNAL_NAME, KEPT_ABOUT, KEPT_DOCUMENT, KEPT_LATER
from loadtest.run.journal import Journal, load_journal
from loadtest.run.records import NO_VERSION, OTHERS_WROTE, ReadOutcome, WriteOutcome
from loadtest.target import kept_document
from loadtest.target.kept_document import TAKEN_OVER_FROM, is_owed, keep, keep_later, kept_folder, newest_kept
from loadtest.target.remedies import what_to_do
from loadtest.target.store import CHANGED_MEANWHILE, Attempt, ObjectLook, Store
from tests.targets.odd_store import OddStore, running_odd_store

ACKED, REFUSED, UNKNOWN = WriteOutcome.ACKED, WriteOutcome.REFUSED, WriteOutcome.UNKNOWN
THEIRS, NEWER = b'{"theirs": 1}', b'{"theirs": 2}'
HEADERS = [("content-type", "text/theirs"), ("cache-control", "max-age=5"), ("x-amz-meta-owner", "they")]
SIZE = 512
pytestmark = pytest.mark.usefixtures("own_key")


class Writing:
    """The writer of a run at an odd store, in this process, with what the run's directory keeps.

    It has put version 0 over what is there.
    """

    def __init__(self, odd: OddStore, run_dir: Path, documents: Any = None, kind: str = MADE_UP) -> None:
        self._documents = documents or MadeUp(RUN, SIZE)
        self._journal = run_dir / JOURNAL_NAME
        store, folder = Store(about(odd)), kept_folder(run_dir)
        look = store.look()
        keep(folder, about(odd, **{"from": "store"}), look if look.found == "document" else None)
        own = Replacing(store, look, recognised(self._documents, kind), partial(keep_later, folder, about(odd)))
        self._writer = PayloadWriter(self._documents, [own], Journal(self._journal, lambda event: None))
        condition = {"document": {"IfMatch": look.etag}, "nothing": {"IfNoneMatch": "*"}}
        assert self.put(0, first=condition.get(look.found, {})) is ACKED

    def put(self, version: int, **how: Any) -> WriteOutcome:
        return self._writer.put(version, self._documents.render(version), **how)

    @property
    def error(self) -> str:
        """Of the last PUT."""
        return str(load_journal(self._journal)[0][-1]["error"])


def published(run_dir: Path) -> list[bytes]:
    """What is kept of somebody else, oldest first."""
    folders = sorted(kept_folder(run_dir).glob(f"{KEPT_LATER}*"))
    return [(folder / KEPT_DOCUMENT).read_bytes() for folder in folders if (folder / KEPT_ABOUT).exists()]


def test_what_a_publisher_puts_between_two_puts_is_kept_and_put_back(
    tmp_path: Path, odd: OddStore, capsys: pytest.CaptureFixture[str]
) -> None:
    odd.hold(MINE)
    run = Writing(odd, tmp_path)
    assert run.put(1) is ACKED
    odd.hold(THEIRS, HEADERS)
    assert run.put(2) is REFUSED
    assert odd.body == THEIRS
    assert run.error.startswith(f"{OTHERS_WROTE}somebody else has written there; their document is kept, and the ")
    assert "--writer watch" in what_to_do(run.error)
    assert [run.put(version) for version in (3, 4)] == [ACKED, ACKED]
    assert odd.body == render(RUN, 4, SIZE)
    odd.hold(NEWER)
    assert [run.put(version) for version in (5, 6)] == [REFUSED, ACKED]
    assert published(tmp_path) == [THEIRS, NEWER]
    assert (kept_folder(tmp_path) / KEPT_DOCUMENT).read_bytes() == MINE
    assert [path.stat().st_mode & 0o077 for path in newest_kept(tmp_path).rglob("*")] == [0, 0]
    assert is_owed(tmp_path)
    assert restore(tmp_path) == 0
    assert odd.body == NEWER
    assert "is put back as somebody else published it during the run (13 bytes)" in capsys.readouterr().err
    assert not is_owed(tmp_path)


def test_their_headers_are_put_back_too(tmp_path: Path, odd: OddStore) -> None:
    run = Writing(odd, tmp_path)  # where nothing was
    odd.hold(THEIRS, [*HEADERS, ("x-amz-tagging", "team=theirs")])
    assert [run.put(version) for version in (1, 2)] == [REFUSED, ACKED]
    assert restore(tmp_path) == 0
    assert odd.body == THEIRS
    assert {*HEADERS, ("x-amz-tagging", "team=theirs")} <= set(odd.headers)


def test_a_publisher_that_is_faster_than_the_run_is_never_written_over(tmp_path: Path, odd: OddStore) -> None:
    odd.hold(MINE)
    run = Writing(odd, tmp_path)
    before = odd.puts
    for version in range(1, 9):
        theirs = b'{"theirs": %d}' % version
        odd.hold(theirs)
        assert run.put(version) is REFUSED
        assert odd.body == theirs
    assert odd.puts - before == 8  # one PUT a version: it is not tried again at once
    assert newest_kept(tmp_path).name == f"{KEPT_LATER}8"


@pytest.mark.parametrize("killed_in", [KEPT_DOCUMENT, KEPT_ABOUT, "the next PUT"])
def test_a_run_that_is_killed_once_it_has_met_them(
    tmp_path: Path, odd: OddStore, killed_in: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between the refusal and the copy, in the middle of the copy, and after it: theirs is there all that time."""
    odd.hold(MINE)
    run = Writing(odd, tmp_path)
    write = kept_document._write

    def killed(path: Path, content: bytes) -> None:
        if path.name == killed_in:
            raise SystemExit
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(kept_document, "_write", killed)
        odd.hold(THEIRS)
        if killed_in == "the next PUT":
            run.put(1)
        else:
            with pytest.raises(SystemExit):
                run.put(1)
    was_kept = killed_in == "the next PUT"
    assert published(tmp_path) == ([THEIRS] if was_kept else [])
    assert restore(tmp_path) == (0 if was_kept else 1)
    assert odd.body == THEIRS
    said = capsys.readouterr().err
    assert ("is as somebody else published it during the run" if was_kept else "what is there now is theirs") in said
    assert restore(tmp_path, "--force") == 0
    assert odd.body == (THEIRS if was_kept else MINE)


def test_what_cannot_be_kept_is_not_replaced(tmp_path: Path, odd: OddStore, monkeypatch: pytest.MonkeyPatch) -> None:
    odd.hold(MINE)
    run = Writing(odd, tmp_path)
    odd.hold(THEIRS)
    odd.oddities["getdenied"] = "1"
    assert run.put(1) is UNKNOWN  # it may be the run's own: a proxy may have sent it twice
    assert "what is there stays, for it cannot be kept (AccessDenied" in run.error
    del odd.oddities["getdenied"]
    full = OSError(28, "No space left on device")
    with monkeypatch.context() as patch:
        patch.setattr(kept_document, "write_whole", lambda *_, **__: (_ for _ in ()).throw(full))
        assert [run.put(version) for version in (2, 3)] == [REFUSED, REFUSED]
    assert "cannot be kept (No space left on device)" in run.error
    assert (odd.body, published(tmp_path)) == (THEIRS, [])
    assert [run.put(version) for version in (4, 5)] == [REFUSED, ACKED]
    assert published(tmp_path) == [THEIRS]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_put_that_was_never_answered_is_nobody_elses(tmp_path: Path, odd: OddStore, arrived: bool) -> None:
    odd.hold(MINE)
    run = Writing(odd, tmp_path)
    for version in (1, 3, 5):
        odd.oddities |= {"putlost": "1"} if arrived else {"putfail": "SlowDown|503|Please reduce"}
        assert run.put(version) is UNKNOWN
        odd.oddities.clear()
        before = odd.puts
        assert run.put(version + 1) is ACKED
        assert odd.puts == before + 1  # what is there is looked at before it is sent
    odd.oddities["putlost"] = "1"
    assert run.put(7) is UNKNOWN
    odd.oddities.clear()
    odd.hold(THEIRS)
    assert [run.put(version) for version in (8, 9)] == [REFUSED, ACKED]
    assert run.put(10) is ACKED
    assert published(tmp_path) == [THEIRS]


def test_one_that_takes_effect_only_as_the_next_is_sent_is_replaced(
    tmp_path: Path, odd: OddStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd.hold(MINE)
    run = Writing(odd, tmp_path)
    odd.oddities["putfail"] = "SlowDown|503|Please reduce"
    assert run.put(1) is UNKNOWN
    odd.oddities.clear()
    put, late = Store.put, [render(RUN, 1, SIZE)]

    def put_after_it(self: Store, body: bytes, **arguments: Any) -> Attempt:
        if late:
            odd.hold(late.pop())
        return put(self, body, **arguments)

    monkeypatch.setattr(Store, "put", put_after_it)
    assert run.put(2) is ACKED
    assert (odd.body, published(tmp_path)) == (render(RUN, 2, SIZE), [])


def test_a_document_that_somebody_deleted_is_made_again_and_one_put_there_meanwhile_is_kept(
    tmp_path: Path, odd: OddStore
) -> None:
    odd.hold(MINE)
    run = Writing(odd, tmp_path)
    odd.hold(None)
    assert run.put(1) is REFUSED
    assert run.error == f"{OTHERS_WROTE}somebody has deleted the object"
    assert odd.body is None
    odd.hold(THEIRS)
    assert [run.put(version) for version in (2, 3)] == [REFUSED, ACKED]
    odd.hold(None)
    assert [run.put(version) for version in (4, 5)] == [REFUSED, ACKED]
    assert restore(tmp_path) == 0
    assert odd.body == THEIRS  # a deletion leaves nothing to put back, so what was there before it is


def test_a_document_of_another_load_test_is_nobodys(tmp_path: Path, odd: OddStore) -> None:
    odd.hold(MINE)
    run = Writing(odd, tmp_path)
    odd.hold(render(OTHER, 3, SIZE))
    assert run.put(1) is REFUSED
    assert run.error == f"{OTHERS_WROTE}load test {OTHER} writes there, too"
    assert run.put(2) is ACKED
    assert published(tmp_path) == []
    assert restore(tmp_path) == 0
    assert odd.body == MINE


class Few:
    """Documents of a folder: their bytes prove nothing."""

    def render(self, version: int) -> bytes:
        return b'{"number": %d}' % version

    def verifier(self) -> Any:
        return self

    def identify(self, body: bytes) -> Any:
        return Identity(ReadOutcome.WHOLE, json.loads(body).get("number", NO_VERSION))


def test_a_document_of_the_folder_is_the_publishers_unless_it_may_be_there(tmp_path: Path, odd: OddStore) -> None:
    """It may publish the very documents of which the folder has copies."""
    odd.hold(b"{}")
    documents = Few()
    run = Writing(odd, tmp_path, documents, FOLDER)
    assert run.put(1) is ACKED
    odd.hold(documents.render(0))
    assert [run.put(version) for version in (2, 3)] == [REFUSED, ACKED]
    assert published(tmp_path) == [documents.render(0)]
    odd.oddities["putlost"] = "1"
    assert run.put(4) is UNKNOWN
    odd.oddities.clear()
    assert run.put(5) is ACKED
    assert len(published(tmp_path)) == 1


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


class Shelf:
    """One object as S3 keeps it, in memory. ``lost``, ``never``, ``late`` and ``twice`` may become of the next PUT."""

    def __init__(self) -> None:
        self.body: bytes | None = b'{"before": 1}'
        self.etag = md5_of(self.body)
        self.kept: list[bytes] = []
        self.fate = ""
        self.late: list[tuple[bytes, dict[str, Any]]] = []
        self.shows = self.can_keep = True
        self.sent = 0

    def hold(self, body: bytes | None) -> None:
        self.body, self.etag = body, md5_of(body or b"")

    def keep(self, look: ObjectLook) -> None:
        if not self.can_keep:
            raise OSError(28, "No space left on device")
        self.kept.append(look.body)

    def look(self) -> ObjectLook:
        if not self.shows:
            return ObjectLook("failed", "SlowDown (HTTP 503)")
        return ObjectLook("nothing") if self.body is None else ObjectLook("document", "", self.body, self.etag)

    def put(self, body: bytes, **condition: Any) -> Attempt:
        fate, self.fate = self.fate, ""
        self.sent += 1
        if fate in ("never", "late"):
            self.late += [(body, condition)] if fate == "late" else []
            return Attempt(UNKNOWN, "", "ReadTimeoutError", "", self.sent)
        error = self.take(body, condition)
        if fate == "twice":
            error = self.take(body, condition)
        if error:
            return Attempt(REFUSED, "", error, "", self.sent)
        if fate == "lost":
            return Attempt(UNKNOWN, "", "ReadTimeoutError", "", self.sent)
        return Attempt(ACKED, self.etag, "", "", self.sent)

    def take(self, body: bytes, condition: dict[str, Any]) -> str:
        """Replace the object; the error of one that is refused."""
        if "IfNoneMatch" in condition and self.body is not None:
            return f"{CHANGED_MEANWHILE} (HTTP 412)"
        if "IfMatch" in condition and self.body is None:
            return "NoSuchKey (HTTP 404)"
        if "IfMatch" in condition and condition["IfMatch"] != self.etag:
            return f"{CHANGED_MEANWHILE} (HTTP 412)"
        if self.body is not None and b"theirs" in self.body:
            assert self.body in self.kept, "somebody's document was replaced and not kept"
        self.hold(body)
        return ""


FATES = ("put", "put", "put", "lost", "never", "late", "twice")
EVENTS = (*FATES, "lands", "theirs", "deleted", "hidden", "shown", "full", "room")


@given(st.lists(st.sampled_from(EVENTS), max_size=40))
def test_nothing_of_somebody_else_is_replaced_before_it_is_kept_whatever_happens(events: list[str]) -> None:
    """And nobody is accused who did nothing: a PUT that meets the run's own document is acknowledged."""
    shelf = Shelf()
    store: Any = shelf
    own = Replacing(store, shelf.look(), recognised(MadeUp(RUN, SIZE), MADE_UP), shelf.keep)
    assert own.put_first(0, render(RUN, 0, SIZE), {"IfMatch": shelf.etag}).outcome is ACKED
    others, newest = False, b""
    for version, event in enumerate(events, 1):
        if event in ("theirs", "deleted"):
            others, newest = True, b'{"theirs": %d}' % version if event == "theirs" else b""
            shelf.hold(newest or None)
        elif event in ("hidden", "shown"):
            shelf.shows = event == "shown"
        elif event in ("full", "room"):
            shelf.can_keep = event == "room"
        elif event == "lands":
            for body, condition in shelf.late:
                shelf.take(body, condition)
            shelf.late.clear()
        else:
            shelf.fate, ours, before = event, render(RUN, version, SIZE), shelf.body
            attempt = own.put(version, ours)
            if attempt.outcome is not UNKNOWN:
                assert (shelf.body == ours) == (attempt.outcome is ACKED)
            elif shelf.shows:
                assert event in ("lost", "never", "late")
            if attempt.outcome is REFUSED:
                assert shelf.body == before
                assert attempt.error.startswith(OTHERS_WROTE) == others
            if event in ("put", "twice") and not others and shelf.shows:
                assert attempt.outcome is ACKED
            if attempt.outcome is ACKED or (attempt.outcome is REFUSED and shelf.can_keep):
                others = False
    assert all(b"theirs" in body for body in shelf.kept)
    if newest and shelf.body is not None and RUN.encode() in shelf.body:
        assert shelf.kept[-1] == newest


def test_one_that_may_be_the_runs_own_is_not_called_somebody_elses_unseen() -> None:
    shelf = Shelf()
    store: Any = shelf
    own = Replacing(store, shelf.look(), recognised(MadeUp(RUN, SIZE), MADE_UP), shelf.keep)
    own.put_first(0, render(RUN, 0, SIZE), {"IfMatch": shelf.etag})
    shelf.fate, shelf.shows = "lost", False
    assert own.put(1, render(RUN, 1, SIZE)).outcome is UNKNOWN
    refused = own.put(2, render(RUN, 2, SIZE))
    assert refused.outcome is UNKNOWN
    assert refused.error.startswith(f"{CHANGED_MEANWHILE}: a PUT of this run that was not answered may have ")
    shelf.shows = True
    assert own.put(3, render(RUN, 3, SIZE)).outcome is ACKED


@pytest.mark.parametrize("before", [b'{"before": 1}', None])
def test_a_put_that_a_proxy_sends_twice_is_taken(before: bytes | None) -> None:
    """The second one meets the first, and its 412 is what comes back."""
    shelf = Shelf()
    shelf.hold(before)
    store: Any = shelf
    own = Replacing(store, shelf.look(), recognised(MadeUp(RUN, SIZE), MADE_UP), shelf.keep)
    for version in range(3):
        body, shelf.fate = render(RUN, version, SIZE), "twice"
        condition = {"IfMatch": shelf.etag} if before else {"IfNoneMatch": "*"}
        attempt = own.put(version, body) if version else own.put_first(version, body, condition)
        assert (attempt.outcome, attempt.etag) == (ACKED, md5_of(body))
        assert (shelf.body, shelf.kept) == (body, [])
        assert attempt.called_ns == shelf.sent == version + 1  # from the first time on it may have been read
