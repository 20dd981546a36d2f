"""Documents prove themselves: whole, torn, truncated, rewritten, foreign and other bodies are distinguished."""

import base64
import gzip
import hashlib
import html
import json
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.run.documents import made_up, made_up_verifier
from loadtest.run.documents.kind import MAXIMUM_BYTES, Identity
from loadtest.run.documents.made_up import MINIMUM_BYTES, how_rewritten, identify, render
from loadtest.run.documents.made_up_verifier import Verifier
from loadtest.run.documents.rewriting import objects_in
from loadtest.run.records import NO_VERSION, ReadOutcome

RUN, SIZE = "0123456789ab", 2048
sizes = st.integers(MINIMUM_BYTES, 6000)
versions = st.integers(0, 2**31 - 1)


def outcome(body: bytes, size: int) -> ReadOutcome:
    return identify(body, RUN, size).outcome


@given(versions, sizes)
def test_a_document_is_json_of_exactly_its_size_and_names_its_version(version: int, size: int) -> None:
    body = render(RUN, version, size)
    assert len(body) == size
    content = json.loads(body)
    assert content["run"] == RUN
    assert content["version"] == version
    assert all(sample["version"] == version for sample in content["samples"])
    assert content["end"] == f"{RUN}/{version}"
    assert identify(body, RUN, size) == (ReadOutcome.WHOLE, version)


@pytest.mark.parametrize("size", [MINIMUM_BYTES, 1024 * 1024, MAXIMUM_BYTES])
def test_the_smallest_and_the_largest_document_are_whole(size: int) -> None:
    assert identify(render(RUN, 7, size), RUN, size) == (ReadOutcome.WHOLE, 7)


@given(versions, sizes, st.data())
def test_every_proper_prefix_is_truncated(version: int, size: int, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, size - 1))
    assert outcome(render(RUN, version, size)[:length], size) is ReadOutcome.TRUNCATED


@given(versions, st.integers(400, 6000), st.data())
def test_one_changed_byte_is_corrupt_and_never_whole(version: int, size: int, data: st.DataObject) -> None:
    body = bytearray(render(RUN, version, size))
    place = data.draw(st.integers(0, size - 1))
    body[place] ^= data.draw(st.integers(1, 127))
    assert outcome(bytes(body), size) is ReadOutcome.CORRUPT
    assert identify(bytes(body), RUN, size).version == NO_VERSION


@given(st.integers(0, 10**6), st.sampled_from([-1, 1]), st.integers(700, 6000), st.data())
def test_a_mix_of_two_versions_is_torn(version: int, step: int, size: int, data: st.DataObject) -> None:
    other = max(0, version + step)
    first, second = render(RUN, version, size), render(RUN, other, size)
    start = data.draw(st.integers(0, size - 200))
    end = data.draw(st.integers(start + 120, size))
    mixed = first[:start] + second[start:end] + first[end:]
    least_foreign = min(sum(a != b for a, b in zip(mixed, whole, strict=True)) for whole in (first, second))
    expected = {ReadOutcome.TORN} if least_foreign >= 8 else {ReadOutcome.TORN, ReadOutcome.CORRUPT}
    assert outcome(mixed, size) in (expected if least_foreign else {ReadOutcome.WHOLE})


def test_a_mix_is_torn_also_where_its_cuts_go_through_numbers() -> None:
    first, second = render(RUN, 699, 700), render(RUN, 700, 700)
    mixed = first[:33] + second[33:154] + first[154:]
    assert b'"version":600' in mixed
    assert b'"version":799' in mixed
    assert outcome(mixed, 700) is ReadOutcome.TORN


def test_a_mix_of_versions_far_apart_is_torn_when_both_are_named() -> None:
    first, second = render(RUN, 3, 4096), render(RUN, 90_000, 4096)
    assert outcome(first[:2000] + second[2000:], 4096) is ReadOutcome.TORN


def test_a_whole_document_of_another_run_is_foreign() -> None:
    assert outcome(render("f" * 12, 3, 4096), 4096) is ReadOutcome.FOREIGN


NO_DOCUMENTS = [
    b'{"message": "Internal server error"}',
    b'{"message": "Endpoint request timed out"}',
    b"{}",
    b"[]",
    b"null",
    b'""',
    b'{"samples": []}',
    b'{"run": "0123456789ac", "version": 3, "bytes": 4096}',
    b"<html><body><h1>502 Bad Gateway</h1></body></html>",
    b"<Error><Code>NoSuchKey</Code></Error>",
    b"\x00" * 4096,
    b" ",
    b"[" * 200_000,
    b'{"run":' * 100_000,
    b"1" * 10_000,
    b"&quot;&#" + b"1" * 5_000 + b";",
    b"f(" + b")" + b" " * 1_000_000 + b");;",  # an expression would try every way to divide the blanks
]


@pytest.mark.parametrize("body", NO_DOCUMENTS, ids=lambda body: repr(body[:20]))
def test_what_is_no_document_is_unrecognised_and_never_taken_for_somebody_elses(body: bytes) -> None:
    assert outcome(body, 4096) is ReadOutcome.UNRECOGNISED
    assert Verifier(RUN, 4096).identify(body, '"of-the-current-version"').outcome is ReadOutcome.UNRECOGNISED


def with_other_order(body: bytes) -> bytes:
    return json.dumps(dict(reversed(json.loads(body).items())), separators=(",", ":")).encode()


REWRITINGS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "pretty-printed": (lambda body: json.dumps(json.loads(body), indent=2).encode(), "spelled anew as JSON"),
    "a blank after each colon": (lambda body: json.dumps(json.loads(body)).encode(), "spelled anew as JSON"),
    "CRLF": (lambda body: json.dumps(json.loads(body), indent=1).replace("\n", "\r\n").encode(), "spelled anew"),
    "other order": (with_other_order, "spelled anew as JSON"),
    "a byte-order mark": (lambda body: b"\xef\xbb\xbf" + body, "a byte-order mark before it"),
    "a line end": (lambda body: body + b"\n", "white space around it"),
    "base64": (base64.b64encode, "in base64"),
    "base64 for addresses": (base64.urlsafe_b64encode, "in base64"),
    "base64 in lines": (base64.encodebytes, "white space around it, in base64"),
    "gzip": (gzip.compress, "compressed"),
    "deflate": (zlib.compress, "compressed"),
    "gzip in base64": (lambda body: base64.b64encode(gzip.compress(body)), "in base64, compressed"),
    "a JSON string": (lambda body: json.dumps(body.decode()).encode(), "as a JSON string"),
    "UTF-16": (lambda body: body.decode().encode("utf-16"), "in UTF-16"),
    "UTF-16 without a mark": (lambda body: body.decode().encode("utf-16-be"), "in UTF-16"),
    "wrapped": (lambda body: b'{"status":200,"data":' + body + b"}", "wrapped in other JSON"),
    "in a list": (lambda body: b"[" + body + b"]", "wrapped in other JSON"),
    "JSONP": (lambda body: b"show(" + body + b");", "in a function call"),
    "a guard": (lambda body: b")]}',\n" + body, "behind a guard against scripts"),
    "HTML escapes by number": (
        lambda body: body.replace(b'"', b"&#x22;").replace(b"/", b"&#x2F;"),
        "with HTML escapes",
    ),
    "HTML escapes": (lambda body: html.escape(body.decode()).encode(), "with HTML escapes"),
    "a mark and blanks": (lambda body: b"\xef\xbb\xbf" + json.dumps(json.loads(body)).encode(), "a byte-order mark"),
}


@pytest.mark.parametrize("name", REWRITINGS)
@given(version=versions, size=sizes)
def test_a_document_that_was_spelled_anew_is_rewritten_and_how_is_told(name: str, version: int, size: int) -> None:
    rewrite, how = REWRITINGS[name]
    body = rewrite(render(RUN, version, size))
    assert identify(body, RUN, size) == (ReadOutcome.REWRITTEN, NO_VERSION)
    assert how_rewritten(body, RUN, size).startswith(how)
    verifier = Verifier(RUN, size)
    assert verifier.identify(body).outcome is ReadOutcome.REWRITTEN
    assert verifier.how_rewritten(body) == verifier.how_rewritten(body) == how_rewritten(body, RUN, size)


@pytest.mark.parametrize("name", REWRITINGS)
def test_a_rewritten_document_of_another_run_is_foreign_and_a_piece_of_ours_is_neither(name: str) -> None:
    rewrite, _ = REWRITINGS[name]
    assert outcome(rewrite(render("f" * 12, 3, 4096)), 4096) is ReadOutcome.FOREIGN
    wrong = render(RUN, 3, 4096).replace(b'"version":3,"value":"', b'"version":3,"value":"0', 1)
    assert outcome(rewrite(wrong), 4096) in (ReadOutcome.CORRUPT, ReadOutcome.UNRECOGNISED)
    assert how_rewritten(rewrite(wrong), RUN, 4096) == ""


def test_what_a_body_claims_costs_no_more_than_a_few_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[int] = []
    monkeypatch.setattr(
        made_up, "render", lambda run, version, size: rendered.append(size) or render(run, version, size)
    )
    claims = [{"run": RUN, "version": n, "bytes": 600_000} for n in range(1000)]
    assert outcome(json.dumps(claims).encode(), 600_000) is ReadOutcome.CORRUPT
    names = b"".join(b'"version":%d,' % n for n in range(1000))
    assert outcome(names, 1024 * 1024) is ReadOutcome.CORRUPT
    assert sum(rendered) <= 20 * 1024 * 1024
    assert (
        list(objects_in(b"[" + b"{}," * 200_000 + b"{}]", 10**6)) == []
    )  # a dictionary each would be 30 times as long
    bomb = gzip.compress(b" " * 50_000_000)
    assert outcome(bomb, 4096) is ReadOutcome.UNRECOGNISED


def md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("spelled", ['"{}"', 'W/"{}"', "{}"])
def test_a_body_that_the_store_holds_by_its_etag_is_foreign_where_etags_are_digests(spelled: str) -> None:
    theirs, document = b'{"hello":"world"}', render(RUN, 1, SIZE)
    verifier = Verifier(RUN, SIZE)
    assert verifier.identify(theirs, spelled.format(md5(theirs))).outcome is ReadOutcome.UNRECOGNISED
    verifier = Verifier(RUN, SIZE)
    verifier.identify(document, spelled.format(md5(document)))
    assert verifier.identify(theirs, spelled.format(md5(theirs))).outcome is ReadOutcome.FOREIGN
    assert verifier.identify(theirs, spelled.format(md5(document))).outcome is ReadOutcome.UNRECOGNISED
    assert verifier.identify(theirs).outcome is ReadOutcome.UNRECOGNISED
    torn = render(RUN, 1, SIZE)[:1000] + render(RUN, 2, SIZE)[1000:]
    assert verifier.identify(torn, spelled.format(md5(torn))).outcome is ReadOutcome.TORN  # a digest of the gateway's
    assert verifier.identify(b"", spelled.format(md5(b""))).outcome is ReadOutcome.TRUNCATED


def test_a_body_is_foreign_by_its_etag_only_while_those_of_documents_are_digests() -> None:
    theirs, document = b'{"hello":"world"}', render(RUN, 1, SIZE)
    verifier = Verifier(RUN, SIZE)
    verifier.identify(document, '"of the gateway"')
    assert verifier.identify(theirs, f'"{md5(theirs)}"').outcome is ReadOutcome.UNRECOGNISED


def test_broken_bodies_are_told_once_and_only_the_last_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bytes] = []
    monkeypatch.setattr(
        made_up_verifier, "identify", lambda body, run, size: told.append(body) or identify(body, run, size)
    )
    verifier = Verifier(RUN, SIZE)
    large = b"<html>" + b"x" * 2**20
    for _ in range(3):
        for page in (b"<html>", large):
            assert verifier.identify(page).outcome is ReadOutcome.UNRECOGNISED
    assert told == [b"<html>", large]
    for number in range(1000):
        verifier.identify(b"<html>%d" % number)
    assert len(verifier._broken) <= 64


def test_a_document_with_more_behind_it_is_corrupt() -> None:
    assert outcome(render(RUN, 3, 4096) + b"x", 4096) is ReadOutcome.CORRUPT


@given(st.binary(max_size=2000))
def test_no_bytes_whatever_raise_or_pass_for_whole(body: bytes) -> None:
    assert outcome(body, 1000) is not ReadOutcome.WHOLE


def test_the_verifier_agrees_with_identify_when_versions_alternate_and_a_body_breaks() -> None:
    verifier = Verifier(RUN, 2048, keep=2)
    for version in [0, 1, 0, 2, 1, 3, 3, 0, 5, 4]:
        body = render(RUN, version, 2048)
        assert verifier.identify(body) == Identity(ReadOutcome.WHOLE, version)
        broken = body[:-3] + b"xx}"  # same header as a body it holds
        assert verifier.identify(broken) == Identity(ReadOutcome.CORRUPT, NO_VERSION)
    assert verifier.identify(b"") == Identity(ReadOutcome.TRUNCATED, NO_VERSION)
