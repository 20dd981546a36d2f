"""What is done with the document that is there before the first PUT: kept, written over, or the run is refused."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from loadtest.errors import UsageError
from loadtest.run.documents.made_up import render
from loadtest.target import what_to_keep
from loadtest.target.finding import Target
from loadtest.target.store_interface import ObjectLook
from loadtest.target.what_to_keep import Seen, beginning, look_of

RUN, OTHER = "0123456789ab", "ba9876543210"
MINE = b'{"hello":"world"}'
GZIP = b"\x1f\x8b\x08\x00\xff\xfe"


TARGET = Target("https://api.example/v1/samples", "bkt", "payload.json", "us-east-1", None, None)
DENIED = {"looked": "denied", "error": "AccessDenied (HTTP 403) of GetObject: Access Denied", "endpoint": "http://s3"}


def begin(*answers: Seen, looked: dict[str, Any] = DENIED, overwrite: bool = False) -> Any:
    rest = list(answers)
    return beginning(looked, TARGET, lambda: rest.pop(0) if len(rest) > 1 else rest[0], overwrite=overwrite)


def seen(body: bytes, status: int = 200, **headers: str) -> Seen:
    return Seen(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


MD5_OF_GZIP = hashlib.md5(GZIP, usedforsecurity=False).hexdigest()


def test_the_address_stands_in_for_a_key_that_may_not_read() -> None:
    kept = begin(seen(GZIP, etag=f'"{MD5_OF_GZIP}"', content_type="text/plain", content_encoding="gzip"))
    assert kept.keep == ObjectLook(
        "document",
        body=GZIP,
        etag=f'"{MD5_OF_GZIP}"',
        put={"ContentType": "text/plain", "ContentEncoding": "gzip"},
        not_kept=kept.keep.not_kept,
    )
    assert "is kept, and will be put back at the end, save its own metadata" in kept.say
    assert kept.put == {"IfMatch": f'"{MD5_OF_GZIP}"'}  # what the store holds may be newer than what the address shows
    assert begin(seen(GZIP, etag=f'W/"{MD5_OF_GZIP}"')).put == kept.put
    assert begin(seen(MINE)).put == {}  # the ETag of the store is not known
    assert begin(seen(MINE)).keep.body == MINE  # no ETag, but text, and twice the same
    absent = begin(seen(b"{}", 404))
    assert (absent.found_nothing, absent.put) == (True, {"IfNoneMatch": "*"})
    through = seen(b'<?xml version="1.0"?>\n<Error><Code>NoSuchKey</Code></Error>')
    assert begin(through).found_nothing  # a gateway that passes S3's error on as 200
    assert begin(seen(render(OTHER, 3, 512))).keep is None
    assert "there is nothing to keep" in begin(seen(render(OTHER, 3, 512))).say


@pytest.mark.parametrize(
    "answers",
    [
        (seen(GZIP, etag='"00000000000000000000000000000000"'),),
        (seen(GZIP),),
        (seen(MINE), seen(b'{"hello":"worl')),
        (seen(GZIP, etag=f'"{MD5_OF_GZIP}"', age="17"),),
        (seen(b'{"message":"Missing Authentication Token"}', 403),),
        (seen(b"bad gateway", 502),),
        (seen(b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),),
        (seen(b" " * (10 * 1024 * 1024 + 1)),),
    ],
)
def test_what_cannot_be_kept_is_not_written_over_unless_it_may_be_lost(
    answers: tuple[Seen, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_to_keep, "BETWEEN_LOOKS_S", 0)
    with pytest.raises(UsageError, match=r"nothing was written.*--overwrite") as refused:
        begin(*answers)
    assert str(refused.value).count("\n") == 0
    lost = begin(*answers, overwrite=True)
    assert (lost.keep, lost.put) == (None, {})
    assert "not kept" in lost.say


def test_what_the_store_says_comes_first() -> None:
    document = {"looked": "document", "bytes": 17, "not_kept": [], "made_up_by": ""}
    assert begin(seen(b"", 500), looked=document).say == (
        "The document at s3://bkt/payload.json (17 bytes) is kept, and will be put back at the end."
    )
    assert begin(seen(b"", 500), looked={"looked": "nothing"}).put == {"IfNoneMatch": "*"}
    with pytest.raises(UsageError, match="--overwrite"):
        begin(seen(MINE), looked={"looked": "too-large", "error": "it has 11,000,000 bytes"})
    with pytest.raises(UsageError, match=r"NoSuchBucket.*make deploy"):
        begin(seen(MINE), looked={"looked": "failed", "error": "NoSuchBucket (HTTP 404) of GetObject: gone"})


def test_a_header_that_no_put_can_send_is_said_before_the_run_and_does_not_stop_what_puts_it_back() -> None:
    headers = {"etag": '"a"', "content-type": "text/plain", "content-disposition": "caf\xe9", "x-amz-meta-who": "m\xe9"}
    look = look_of(Seen(200, headers, MINE))
    assert look.put == {"ContentType": "text/plain"}
    assert look.not_kept[1:] == ("its ContentDisposition, which is not ASCII", "its x-amz-meta-who, which is not ASCII")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_address_that_fails_now_and_then_is_asked_again(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_to_keep, "BETWEEN_LOOKS_S", 0)
    fault = seen(b"try again", status)
    assert begin(fault, fault, seen(b"mine"), fault, seen(b"mine")).keep.body == b"mine"
    with pytest.raises(UsageError, match=f"answered {status} 'try again'"):
        begin(fault)


def test_an_address_that_mixes_documents_now_and_then_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_to_keep, "BETWEEN_LOOKS_S", 0)
    proved = seen(GZIP, etag=f'"{MD5_OF_GZIP}"')
    assert begin(seen(GZIP[:9]), seen(GZIP[:9] + b"other"), proved).keep.body == GZIP


def test_what_was_found_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    """Version 0 goes over what was looked at; who wrote in between is not written over, where the store can tell."""
    document = {"looked": "document", "bytes": 17, "not_kept": [], "made_up_by": "", "etag": '"a"'}
    assert begin(seen(b""), looked=document).put == {"IfMatch": '"a"'}
