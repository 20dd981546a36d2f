"""The odd store itself: what tests rest on must do what its name says."""

import hashlib
import urllib.error
import urllib.request

import pytest

from tests.targets.odd_store import OddStore, running_odd_store

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 of a test"}


def ask(store: OddStore, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, dict, bytes]:
    request = urllib.request.Request(f"{store.url}/bkt/payload.json", data=body, method=method)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_what_is_put_is_read_and_signed_requests_see_its_headers() -> None:
    with running_odd_store() as store:
        assert ask(store)[0] == 404
        assert ask(store, "PUT", b'{"a": 1}', x_amz_meta_owner="me", Content_Type="text/plain")[0] == 200
        status, headers, body = ask(store)
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        assert (status, body, headers["ETag"]) == (200, b'{"a": 1}', etag)
        assert ask(store, If_None_Match=etag)[0] == 304
        assert ask(store, **SIGNED)[1]["x-amz-meta-owner"] == "me"
        assert ask(store, "PUT", b"{}", If_None_Match="*")[0] == 412
        assert ask(store, "DELETE", **SIGNED)[0] == 204
        assert ask(store, **SIGNED)[0] == 404


def test_oddities_can_be_changed_while_it_runs() -> None:
    with running_odd_store(objectlock="1") as store:
        assert ask(store, "PUT", b"{}")[0] == 400
        del store.oddities["objectlock"]
        assert ask(store, "PUT", b"{}")[0] == 200
        store.oddities["putfail"] = "SlowDown|503|Please reduce your request rate."
        assert b"<Code>SlowDown</Code>" in ask(store, "PUT", b"{}")[2]
        store.oddities |= {"getdenied": "1", "pretty": "1"}
        assert ask(store, **SIGNED)[0] == 403


def test_an_oddity_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AssertionError, match="'nonsense' is no oddity"), running_odd_store(nonsense="1"):
        pass
