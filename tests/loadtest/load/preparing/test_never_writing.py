"""A run that never writes: version 0 is what is there, and everything else is told from it."""

import hashlib
import json
from pathlib import Path

import pytest

from loadtest.errors import UsageError
from loadtest.load.preparing.never_writing import take_what_is_there
from loadtest.run.documents import standing
from loadtest.run.documents.kinds import documents_of, standing_document
from loadtest.run.documents.made_up import render
from loadtest.run.documents.standing import StandingVerifier
from loadtest.run.journal import Journal
from loadtest.run.records import ReadOutcome, WriteOutcome
from loadtest.target.finding import Target
from tests.targets.odd_store import running_odd_store

MINE = b'{"hello":"world"}'


def test_what_is_there_is_version_0_and_nothing_is_written(tmp_path: Path) -> None:
    with running_odd_store() as odd:
        target = Target(f"{odd.url}/v1/samples", "bkt", "payload.json", "us-east-1", odd.url, None)
        with pytest.raises(UsageError, match="answered 404"):
            take_what_is_there(tmp_path, tmp_path / "writes.jsonl", target)
        odd.hold(MINE)
        assert take_what_is_there(tmp_path, tmp_path / "writes.jsonl", target) == len(MINE)
        assert (odd.puts, odd.body) == (0, MINE)
    called, returned = map(json.loads, (tmp_path / "writes.jsonl").read_text().splitlines())
    assert (called["version"], returned["outcome"]) == (0, WriteOutcome.ACKED)
    assert returned["etag"] == f'"{hashlib.md5(MINE, usedforsecurity=False).hexdigest()}"'
    assert documents_of(standing_document(), "", tmp_path).verifier().identify(MINE) == (ReadOutcome.WHOLE, 0)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b"", ReadOutcome.TRUNCATED),
        (MINE[:-3], ReadOutcome.TRUNCATED),
        (b'{"hello": "world"}', ReadOutcome.REWRITTEN),
        (b"\xef\xbb\xbf" + MINE, ReadOutcome.REWRITTEN),
        (b'{"hello":"moon!"}', ReadOutcome.FOREIGN),
        (render("0123456789ab", 1, 512), ReadOutcome.FOREIGN),
        (b'{"message": "Internal server error"}', ReadOutcome.UNRECOGNISED),
        (b"<html>", ReadOutcome.UNRECOGNISED),
        (b'{"hello"?"world"}', ReadOutcome.CORRUPT),
    ],
)
def test_what_is_not_the_document_is_never_taken_for_it(body: bytes, outcome: ReadOutcome) -> None:
    assert StandingVerifier(MINE).identify(body).outcome is outcome


def test_what_the_store_holds_instead_is_somebody_elses() -> None:
    etag = f'"{hashlib.md5(b"other", usedforsecurity=False).hexdigest()}"'
    assert StandingVerifier(MINE).identify(b"other", etag).outcome is ReadOutcome.FOREIGN


def test_what_comes_under_the_etag_of_the_document_is_broken_and_accuses_nobody() -> None:
    document = b'[{"id":1}]'
    verifier = StandingVerifier(document)
    assert verifier.latest_body != document, "a reader asks only about bodies that are not the last one"
    assert verifier.identify(b"[]", 'W/"mine"').outcome is ReadOutcome.FOREIGN, "nothing is known of its ETag yet"
    assert verifier.identify(document, '"mine"').outcome is ReadOutcome.WHOLE
    assert (verifier.latest_body, verifier.latest_identity) == (document, (ReadOutcome.WHOLE, 0))
    assert verifier.identify(b"[]", 'W/"mine"').outcome is ReadOutcome.UNRECOGNISED
    assert verifier.identify(b"[]").outcome is ReadOutcome.UNRECOGNISED
    assert verifier.identify(b"[]", '"another"').outcome is ReadOutcome.FOREIGN
    assert verifier.identify(b"", hashlib.md5(b"").hexdigest()).outcome is ReadOutcome.TRUNCATED


def test_a_body_that_is_not_the_document_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier, parsed = StandingVerifier(MINE), []
    monkeypatch.setattr(standing, "_parsed", parsed.append)
    for _ in range(3):
        verifier.identify(b"<html>")
    assert parsed == [MINE]
    assert verifier.identify(MINE).outcome is ReadOutcome.WHOLE


def test_a_put_that_cannot_be_written_down_is_not_sent_and_is_said_once(tmp_path: Path) -> None:
    told: list[dict] = []
    journal = Journal(Path("/dev/full"), told.append)
    assert not journal.called(1, 10, 10, 256)
    journal.returned(1, 11, WriteOutcome.REFUSED, "", "NotRecorded")
    assert [event["trouble"] for event in told if "trouble" in event] == [
        "/dev/full cannot be written (No space left on device); nothing more is put until there is room"
    ]
    whole = Journal(tmp_path / "writes.jsonl", told.append)
    assert whole.called(1, 10, 10, 256)
