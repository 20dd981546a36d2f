"""A run to whose object others write, too: what is theirs is kept before it is replaced, and put back at the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kept_objects import MINE, OTHER, RUN, restore
from writing_beside_others import ACKED, REFUSED, SIZE, THEIRS, UNKNOWN, Writing, published

from loadtest.run.documents.folder import FOLDER
from loadtest.run.documents.kind import Identity
from loadtest.run.documents.made_up import render
from loadtest.run.files import KEPT_ABOUT, KEPT_DOCUMENT, KEPT_LATER
from loadtest.run.records import NO_VERSION, OTHERS_WROTE, ReadOutcome
from loadtest.target import kept_document
from loadtest.target.kept_document import is_owed, kept_folder, newest_kept
from loadtest.target.remedies import what_to_do
from loadtest.target.s3_store import S3Store
from loadtest.target.store_interface import Attempt
from tests.targets.odd_store import OddStore

NEWER = b'{"theirs": 2}'
HEADERS = [("content-type", "text/theirs"), ("cache-control", "max-age=5"), ("x-amz-meta-owner", "they")]
pytestmark = pytest.mark.usefixtures("own_key")


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
    assert "what is there stays, as it cannot be kept (AccessDenied" in run.error
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
    put, late = S3Store.put, [render(RUN, 1, SIZE)]

    def put_after_it(self: S3Store, body: bytes, **arguments: Any) -> Attempt:
        if late:
            odd.hold(late.pop())
        return put(self, body, **arguments)

    monkeypatch.setattr(S3Store, "put", put_after_it)
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
    assert run.error == f"{OTHERS_WROTE}load test {OTHER} writes there as well"
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
