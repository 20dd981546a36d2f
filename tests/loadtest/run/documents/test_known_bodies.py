"""Bodies of stamped documents and of a folder's: whole, torn, truncated, corrupt, rewritten, foreign, none at all."""

import base64
import gzip
import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

from loadtest.run.documents import etags_of_ours
from loadtest.run.documents.etags_of_ours import EtagsOfOurs
from loadtest.run.documents.folder import Folder
from loadtest.run.documents.json_fields import place_in
from loadtest.run.documents.library import Library
from loadtest.run.documents.made_up import render
from loadtest.run.documents.made_up_verifier import MadeUp
from loadtest.run.documents.stamped import Stamped
from loadtest.run.documents.stamps import Template
from loadtest.run.records import NO_VERSION, ReadOutcome

RUN, OTHER = "0123456789ab", "ba9876543210"
KINDS = ("text", "number", "both ends", "folder")


def document(number: int, revision: Any, rows: int = 60) -> bytes:
    """A document as a shop has it: two of unlike numbers have hardly a row in common, and are not of one size."""
    drawn = random.Random(number)
    body = {
        "meta": {"title": "Größe", "revision": revision},
        "rows": [{"id": row, "price": drawn.randrange(10**8)} for row in range(rows + 5 * number)],
        "end": revision,
    }
    return json.dumps(body, indent=1, ensure_ascii=False).encode()


def stamped(revision: Any, *pointers: str, run: str = RUN, count: int = 3) -> Stamped:
    originals = [document(number, revision) for number in range(count)]
    return Stamped(run, [Template(each, [place_in(each, pointer) for pointer in pointers]) for each in originals])


def documents_of_kind(kind: str, tmp_path: Path) -> Any:
    if kind == "folder":
        library = Library(tmp_path)
        return Folder(library, [library.add(number, document(number, number)) for number in range(9)])
    if kind == "both ends":
        return stamped("r1", "/meta/revision", "/end", count=1)
    return stamped("r1" if kind == "text" else 17, "/meta/revision")


@pytest.fixture(params=KINDS)
def documents(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return documents_of_kind(request.param, tmp_path)


def etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def test_every_version_is_identified_again_and_again(documents: Any) -> None:
    verifier = documents.verifier()
    for version in (0, 1, 2, 1, 0, 5, 4):
        body = documents.render(version)
        assert verifier.identify(body, etag(body)) == (ReadOutcome.WHOLE, version)
        assert (verifier.latest_body, verifier.latest_identity) == (body, (ReadOutcome.WHOLE, version))
        assert verifier.identify(bytes(bytearray(body)), None) == (ReadOutcome.WHOLE, version)


def test_bodies_that_are_not_whole_are_told_apart(documents: Any) -> None:
    verifier = documents.verifier()
    now, before = documents.render(4), documents.render(3)
    verifier.identify(now, etag(now))
    half = len(now) // 2
    for name, body, expected in (
        ("nothing", b"", ReadOutcome.TRUNCATED),
        ("begun", now[:7], ReadOutcome.TRUNCATED),
        ("half", now[:half], ReadOutcome.TRUNCATED),
        ("one byte short", now[:-1], ReadOutcome.TRUNCATED),
        ("half of an older one", before[: len(before) // 3], ReadOutcome.TRUNCATED),
        ("old, then new", before[:half] + now[half:], ReadOutcome.TORN),
        ("new, then old", now[:half] + before[half:], ReadOutcome.TORN),
        ("old within new", now[:20] + before[20:half] + now[half:], ReadOutcome.TORN),
        ("a flipped byte", now[:half] + b"\x00" + now[half + 1 :], ReadOutcome.CORRUPT),
        ("a missing byte", now.replace(b"price", b"rice", 20), ReadOutcome.CORRUPT),
        ("a piece twice", now[:half] + now[half - 20 :], ReadOutcome.CORRUPT),
        ("pretty", json.dumps(json.loads(now), indent=7).encode(), ReadOutcome.REWRITTEN),
        ("minified", json.dumps(json.loads(before), separators=(",", ":")).encode(), ReadOutcome.REWRITTEN),
        ("a byte-order mark", b"\xef\xbb\xbf" + now, ReadOutcome.REWRITTEN),
        ("in base64", base64.b64encode(now), ReadOutcome.REWRITTEN),
        ("compressed", gzip.compress(now), ReadOutcome.REWRITTEN),
        ("wrapped", b'{"data": %s}' % now, ReadOutcome.REWRITTEN),
        ("an error page", b"<html><h1>502 Bad Gateway</h1></html>", ReadOutcome.UNRECOGNISED),
        ("an error", b'{"message": "Internal server error"}', ReadOutcome.UNRECOGNISED),
        ("an empty object", b"{}", ReadOutcome.UNRECOGNISED),
        ("another load test's", render(OTHER, 3, 2048), ReadOutcome.UNRECOGNISED),
        ("deep", b"[" * 100_000, ReadOutcome.UNRECOGNISED),
        ("many values", b"[" + b"[]," * 50_000 + b"[]]", ReadOutcome.UNRECOGNISED),
    ):
        for told in (None, etag(now)):
            found = verifier.identify(body, told)
            expected_too = {ReadOutcome.FOREIGN} if name == "another load test's" else set()
            assert found.outcome in {expected, *expected_too}, (name, told, found)
            assert found.version == NO_VERSION
    assert verifier.how_rewritten(b"\xef\xbb\xbf" + now) == "a byte-order mark before it"
    assert "spelled anew as JSON" in verifier.how_rewritten(json.dumps(json.loads(now), indent=7).encode())


def test_what_the_teams_own_publisher_puts_meanwhile_is_foreign(documents: Any) -> None:
    verifier = documents.verifier()
    now = documents.render(1)
    verifier.identify(now, etag(now))
    theirs = document(77, "r2")
    assert verifier.identify(theirs, etag(theirs)).outcome is ReadOutcome.FOREIGN
    assert verifier.identify(theirs, '"an-etag-that-none-of-ours-had"').outcome is ReadOutcome.FOREIGN
    assert verifier.identify(theirs, etag(now)).outcome is not ReadOutcome.FOREIGN  # so it says that it is ours


def of_kms(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@pytest.mark.parametrize("made_up", [False, True])
def test_what_a_publisher_puts_where_etags_are_no_md5s_is_foreign_whatever_its_shape(
    documents: Any, made_up: bool
) -> None:
    """Nothing else gives ETags as S3 does: an error page has none, and what is damaged has that of its document."""
    documents = MadeUp(RUN, 2048) if made_up else documents
    verifier = documents.verifier()
    now, other = documents.render(1), documents.render(2)
    verifier.identify(now, of_kms(now))
    theirs = b'{"other": {"shape": [1, 2]}}'
    for told in (of_kms(theirs), '"0123456789abcdef0123456789abcdef-3"'):
        assert verifier.identify(theirs, told).outcome is ReadOutcome.FOREIGN, told
    page = b"<html>502</html>"
    for body, told in (
        (theirs, of_kms(now)),
        (theirs, None),
        (theirs, '"of a gateway"'),
        (b"{}", of_kms(b"")),
        (page, of_kms(page)),
        (other[: len(other) // 2] + b"x" + other[len(other) // 2 + 1 :], of_kms(other)),
    ):
        assert verifier.identify(body, told).outcome is not ReadOutcome.WHOLE
    assert verifier.identify(theirs + b" ", of_kms(now)).outcome is ReadOutcome.UNRECOGNISED
    assert verifier.identify(page, of_kms(page)).outcome is ReadOutcome.UNRECOGNISED
    assert verifier.identify(b"{}", of_kms(b"")).outcome is ReadOutcome.UNRECOGNISED


def test_what_a_body_is_is_asked_again_once_more_is_known_of_the_etags_of_documents(documents: Any) -> None:
    theirs = b'{"other": {"shape": [1, 2]}}'
    verifier = documents.verifier()
    assert verifier.identify(theirs, of_kms(theirs)).outcome is ReadOutcome.UNRECOGNISED
    verifier.identify(documents.render(1), of_kms(documents.render(1)))
    assert verifier.identify(theirs, of_kms(theirs)).outcome is ReadOutcome.FOREIGN


@pytest.mark.parametrize(("start", "theirs"), [(b"", True), (b"<", False)])
def test_a_large_body_of_a_publisher_is_not_parsed_while_others_wait_for_their_reads(
    start: bytes, theirs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[Any] = []
    monkeypatch.setattr(etags_of_ours.json, "loads", lambda text, **_: parsed.append(text))
    ours = EtagsOfOurs()
    ours.keep(of_kms(b"now"), b"now", 1)
    large = start + json.dumps({"text": "x" * 2**20}).encode()
    assert ours.say_that_somebody_wrote(large, of_kms(large)) is theirs
    assert not parsed


@pytest.mark.parametrize(("revision", "told"), [("r1", None), ("r1", '"x"'), (17, '"x"')])
def test_the_same_documents_stamped_by_another_run_are_foreign(revision: Any, told: str | None) -> None:
    verifier = stamped(revision, "/meta/revision").verifier()
    theirs = stamped(revision, "/meta/revision", run=OTHER)
    ours = stamped(revision, "/meta/revision").render(2)
    verifier.identify(ours, etag(ours))
    for version in (0, 2, 3):
        assert verifier.identify(theirs.render(version), told).outcome is ReadOutcome.FOREIGN


def test_numbers_that_python_takes_for_no_ints_are_compared_too() -> None:
    original = b'{"digits": ' + b"7" * 6000 + b', "revision": "r"}'
    documents = Stamped(RUN, [Template(original, [place_in(original, "/revision")])])
    verifier = documents.verifier()
    now = documents.render(2)
    verifier.identify(now, etag(now))
    assert verifier.identify(now.replace(b": ", b":"), '"x"').outcome is ReadOutcome.REWRITTEN
    assert verifier.identify(now.replace(b"777", b"778", 1), etag(now)).outcome is ReadOutcome.CORRUPT


def test_a_document_without_its_last_line_end_is_cut_short() -> None:
    documents = Stamped(RUN, [Template(b'{"a": ""}\n', [place_in(b'{"a": ""}\n', "/a")])])
    assert documents.verifier().identify(documents.render(3)[:-1]).outcome is ReadOutcome.TRUNCATED


def test_the_document_without_a_stamp_is_its_owners() -> None:
    assert stamped("r1", "/meta/revision").verifier().identify(document(1, "r1")).outcome is ReadOutcome.FOREIGN


def damaged(body: bytes, number: int) -> bytes:
    at = body.index(b"%d" % number)
    return body[: at + 3] + (b"8" if body[at + 3 : at + 4] != b"8" else b"9") + body[at + 4 :]


def test_a_damaged_number_is_no_other_version() -> None:
    documents = stamped(17, "/meta/revision")
    verifier = documents.verifier()
    now = documents.render(4)
    verifier.identify(now, etag(now))
    number = json.loads(now)["meta"]["revision"]
    for told in (None, etag(now)):
        assert verifier.identify(damaged(now, number), told).outcome is ReadOutcome.CORRUPT
    assert verifier.identify(damaged(now, number), '"x"').version == NO_VERSION


def test_a_verifier_does_not_raise_when_a_folders_documents_are_gone(tmp_path: Path) -> None:
    documents = documents_of_kind("folder", tmp_path)
    verifier = documents.verifier()
    now = documents.render(4)
    for path in (tmp_path / "documents").iterdir():
        path.unlink()
    assert verifier.identify(now) == (ReadOutcome.WHOLE, 4)
    assert verifier.identify(b'{"meta": 1}').outcome is ReadOutcome.UNRECOGNISED
    assert not verifier.how_rewritten(b'{"meta": 1}')


def test_documents_without_any_common_size_or_shape_take_turns(tmp_path: Path) -> None:
    library = Library(tmp_path)
    shapes = [b"[1,2,3]", b'{"a":1}', b"\xff\xfe\x00 no text", b"x" * 100_000, b"y"]
    documents = Folder(library, [library.add(number, each) for number, each in enumerate(shapes)])
    verifier = documents.verifier()
    for version, body in enumerate(shapes):
        assert verifier.identify(body, etag(body)) == (ReadOutcome.WHOLE, version)
    assert verifier.identify(b"x" * 99_999).outcome is ReadOutcome.TRUNCATED
    assert verifier.identify(b"[1,2,").outcome is ReadOutcome.TRUNCATED
    assert verifier.identify(b"z").version == NO_VERSION


@pytest.mark.parametrize("told", [None, "md5"])
def test_a_damaged_body_that_comes_before_any_whole_one_of_its_version_is_nobody_elses(
    documents: Any, told: str | None
) -> None:
    """Its ETag is the MD5 of a body that nobody has read yet: so the store holds that one, and not this."""
    verifier = documents.verifier()
    before, now = documents.render(3), documents.render(4)
    verifier.identify(before, etag(before))
    at = now.index(b"price") + 2
    damaged_one = now[:at] + b"x" + now[at + 1 :]
    assert verifier.identify(damaged_one, etag(now) if told else None).outcome is ReadOutcome.CORRUPT
