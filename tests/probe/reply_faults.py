"""Faults of a scripted server, each of which changes some answers only, and the cases that they set off."""

import base64
import gzip
from dataclasses import replace

from scripted_server import DOCUMENT, PATH, Reply, Request

from loadtest.probe.judging import DEVIATES, FAIL, INCONCLUSIVE, NOT_APPLICABLE
from loadtest.run.documents.made_up import render

RUN = "0123456789ab"


def without(*names: str):
    """Take headers off every answer of the document."""

    def fault(server, request, reply):
        if request.path == PATH:
            for name in names:
                reply.headers.pop(name, None)
        return reply

    return fault


def on(status: int, **changes):
    """Change every answer of a status: ``headers`` are merged in (None takes one off), other fields replaced."""

    def fault(server, request, reply):
        if request.path != PATH or reply.status != status or request.method == "PUT":
            return reply
        headers = dict(reply.headers)
        for name, value in changes.get("headers", {}).items():
            headers.pop(name, None)
            if value is not None:
                headers[name] = value
        return replace(reply, headers=headers, **{k: v for k, v in changes.items() if k != "headers"})

    return fault


def when(condition, change):
    """Apply a fault only to some requests."""
    return lambda server, request, reply: change(server, request, reply) if condition(request) else reply


def document(server, request, reply):
    """The whole document, whatever was asked."""
    plain = Request("GET", PATH, "", [], b"", 0)
    return server.right_answer(plain)


def bare_304(server, request, reply):
    """304, whatever was asked."""
    return Reply(304, {"ETag": server.etag()})


def has(name: str, value: str | None = None):
    """Requests with a header, spelled whatever way."""
    return lambda request: request.get(name) is not None and value in (None, request.get(name))


def spelled(name: str):
    """Requests with a header spelled exactly so."""
    return lambda request: any(sent == name for sent, _ in request.headers)


def weak_etag(server, request, reply):
    reply.headers["ETag"] = "W/" + reply.headers["ETag"] if "ETag" in reply.headers else ""
    return reply


def flapping_etag(server, request, reply):
    if "ETag" in reply.headers and request.number % 2:
        reply.headers["ETag"] = reply.headers["ETag"].replace('"', '"x', 1)
    return reply


def flapping_body(server, request, reply):
    return replace(reply, body=reply.body[::-1]) if request.number % 2 and reply.status == 200 else reply


def half_mapping(server, request, reply):
    """S3's 304 comes out as a 200 without a body."""
    return Reply(200, {"ETag": server.etag()}) if reply.status == 304 else reply


def frozen_etag(server, request, reply):
    """Other bytes, the same ETag."""
    if request.path == PATH and "ETag" in reply.headers:
        reply.headers["ETag"] = '"0000000000000000000000000000000f"'
    return reply


def etag_of_each_put(server, request, reply):
    """The same bytes put again get another ETag."""
    if "ETag" in reply.headers and server.serial:
        reply.headers["ETag"] = f'"{server.serial}"'
    return reply


def old_is_current(server, request, reply):
    """A validator of before is taken for current."""
    return bare_304(server, request, reply) if request.get("If-None-Match") and server.serial > 1 else reply


def old_for_browsers(server, request, reply):
    """A cache answers browsers with the copy that it got first, whatever they name, and with 304 the next time."""
    if "br" not in (request.get("Accept-Encoding") or ""):
        return reply
    kept = vars(server).setdefault("kept_for_browsers", reply)
    asked = sum(sent.get("If-None-Match") is not None for sent in server.requests)
    return bare_304(server, request, reply) if asked > 1 else kept


def head_with_body(server, request, reply):
    return replace(reply, after=b"body") if request.method == "HEAD" else reply


def head_says(name: str, value: str | None):
    return when(lambda request: request.method == "HEAD", on(200, headers={name: value}))


def no_head(server, request, reply):
    return Reply(403, {}, b'{"message":"Missing Authentication Token"}') if request.method == "HEAD" else reply


def closes_after_304(server, request, reply):
    return replace(reply, close=True) if reply.status == 304 else reply


def says_close_with_304(server, request, reply):
    return replace(reply, headers=reply.headers | {"Connection": "close"}) if reply.status == 304 else reply


def always_closes(server, request, reply):
    return replace(reply, headers=reply.headers | {"Connection": "close"})


def not_found_as_200(server, request, reply):
    """S3's XML under 200: what a default response of 200 does."""
    if reply.status == 404:
        return Reply(200, {"Content-Type": "application/json"}, b"<Error><Code>NoSuchKey</Code></Error>")
    return reply


def conditions_before_errors(server, request, reply):
    return Reply(304) if request.get("If-None-Match") and reply.status in (403, 404) else reply


def garbled(server, request, reply):
    return replace(reply, headers={"Content-Length": "many"}) if request.get("If-None-Match") else reply


def compressed(**headers: str):
    return on(200, body=gzip.compress(DOCUMENT), headers={"Content-Encoding": "gzip", **headers})


CURRENT = has("If-None-Match")
FAULTS = (
    ("etag-present", without("ETag"), FAIL),
    ("etag-present", on(200, headers={"ETag": "unquoted"}), DEVIATES),
    ("etag-present", on(200, headers={"ETag": ""}), FAIL),
    ("etag-strong", weak_etag, DEVIATES),
    ("etag-md5", on(200, headers={"ETag": '"00000000000000000000000000000000"'}), NOT_APPLICABLE),
    ("etag-md5", on(200, body=render(RUN, 1, 512)), NOT_APPLICABLE),
    ("etag-md5", on(200, body=render(RUN, 1, 512)[:-9]), FAIL),
    ("etag-md5", on(200, body=render(RUN, 1, 512).replace(b":", b": ", 2)), FAIL),
    ("etag-md5", on(200, body=base64.b64encode(render(RUN, 1, 512))), FAIL),
    ("etag-md5", on(200, headers={"ETag": '"00000000000000000000000000000000-2"'}), NOT_APPLICABLE),
    ("etag-md5", on(200, headers={"ETag": '"v7"'}), NOT_APPLICABLE),
    ("etag-stable", flapping_etag, FAIL),
    ("etag-stable", flapping_body, FAIL),
    ("last-modified", without("Last-Modified"), DEVIATES),
    ("if-none-match-current", when(CURRENT, document), FAIL),
    ("if-none-match-current", half_mapping, FAIL),
    ("if-none-match-current", when(CURRENT, lambda *_: Reply(412)), FAIL),
    ("if-none-match-current", when(CURRENT, lambda *_: Reply(429)), INCONCLUSIVE),
    ("if-none-match-current", when(CURRENT, lambda *_: None), INCONCLUSIVE),
    ("if-none-match-current", garbled, FAIL),
    ("if-none-match-current", without("ETag"), NOT_APPLICABLE),
    ("if-none-match-other", when(CURRENT, bare_304), FAIL),
    ("if-none-match-other", when(CURRENT, on(200, body=b"")), FAIL),
    ("if-none-match-other", when(CURRENT, on(200, cut=5)), FAIL),
    ("if-none-match-other", when(CURRENT, on(200, body=b"other bytes")), FAIL),
    ("if-none-match-other", when(CURRENT, on(200, body=b"other", headers={"ETag": '"other"'})), INCONCLUSIVE),
    ("if-none-match-weak", when(CURRENT, document), DEVIATES),
    ("if-none-match-list", when(CURRENT, document), DEVIATES),
    ("if-none-match-list", when(CURRENT, lambda *_: Reply(400)), FAIL),
    ("if-none-match-list-without", when(CURRENT, bare_304), FAIL),
    ("if-none-match-any", when(CURRENT, document), DEVIATES),
    ("if-none-match-unquoted", when(CURRENT, lambda *_: Reply(500)), FAIL),
    ("if-none-match-garbage", when(CURRENT, lambda *_: Reply(500)), FAIL),
    ("if-none-match-garbage", when(CURRENT, bare_304), FAIL),
    ("if-modified-since-before", when(has("If-Modified-Since"), bare_304), FAIL),
    ("if-modified-since-at", when(has("If-Modified-Since"), document), DEVIATES),
    ("if-modified-since-after", when(has("If-Modified-Since"), document), DEVIATES),
    ("if-modified-since-garbage", when(has("If-Modified-Since"), bare_304), FAIL),
    ("if-modified-since-garbage", when(has("If-Modified-Since"), lambda *_: Reply(500)), FAIL),
    ("both-etag-other", when(has("If-Modified-Since"), bare_304), FAIL),
    ("both-etag-current", when(has("If-Modified-Since"), document), DEVIATES),
    ("304-unasked", bare_304, FAIL),
    ("304-no-body", on(304, after=b"a body"), FAIL),
    ("304-no-body", when(CURRENT, document), NOT_APPLICABLE),
    ("304-length", on(304, headers={"Content-Length": "7"}), FAIL),
    ("304-length", on(304, headers={"Transfer-Encoding": "chunked"}), FAIL),
    ("304-length", on(304, headers={"Content-Length": "0"}), DEVIATES),
    ("304-etag", on(304, headers={"ETag": None}), FAIL),
    ("304-etag", on(304, headers={"ETag": '"another"'}), FAIL),
    ("304-headers", on(304, headers={"Cache-Control": None}), DEVIATES),
    ("304-headers", on(304, headers={"Cache-Control": "max-age=9"}), FAIL),
    ("304-headers", on(304, headers={"Date": None}), DEVIATES),
    ("304-metadata", on(304, headers={"Content-Type": "text/plain"}), FAIL),
    ("304-keep-alive", on(304, after=b"a body"), FAIL),
    ("304-keep-alive", closes_after_304, DEVIATES),
    ("304-keep-alive", says_close_with_304, DEVIATES),
    ("304-keep-alive", always_closes, NOT_APPLICABLE),
    ("head", head_with_body, FAIL),
    ("head", head_says("ETag", '"another"'), FAIL),
    ("head", head_says("Content-Length", "3"), FAIL),
    ("head", head_says("Cache-Control", None), DEVIATES),
    ("head", no_head, DEVIATES),
    ("head-conditional", when(lambda request: request.method == "HEAD", lambda *_: Reply(500)), NOT_APPLICABLE),
    ("head-conditional", on(304, after=b"a body"), FAIL),
    ("head-conditional", when(lambda request: request.method == "HEAD", document), DEVIATES),
    ("name-lower-case", when(spelled("if-none-match"), document), FAIL),
    ("name-canonical", when(spelled("If-None-Match"), document), FAIL),
    ("name-upper-case", when(spelled("IF-NONE-MATCH"), document), DEVIATES),
    ("gzip", when(has("Accept-Encoding", "gzip"), flapping_etag), FAIL),
    ("gzip", when(has("Accept-Encoding", "gzip"), compressed(Vary="Accept-Encoding")), FAIL),
    ("gzip", when(has("Accept-Encoding", "gzip"), compressed(ETag='W/"weak"')), DEVIATES),
    ("gzip", when(has("Accept-Encoding", "gzip"), on(200, headers={"Content-Encoding": "gzip"})), FAIL),
    ("gzip-conditional", when(CURRENT, document), FAIL),
    ("browser", when(CURRENT, document), FAIL),
    ("browser", half_mapping, FAIL),
    ("browser", when(has("Cache-Control"), lambda *_: Reply(403)), FAIL),
    ("query-string", when(lambda request: bool(request.query) and CURRENT(request), document), FAIL),
    ("query-string", when(lambda request: bool(request.query), lambda *_: Reply(400)), NOT_APPLICABLE),
    ("unknown-path", when(lambda request: request.path != PATH, document), NOT_APPLICABLE),
    ("unknown-path", conditions_before_errors, FAIL),
)
WRITING_FAULTS = (
    ("etag-changes", frozen_etag, FAIL),
    ("etag-same-bytes", etag_of_each_put, DEVIATES),
    ("if-none-match-replaced", old_is_current, FAIL),
    ("browser-replaced", old_is_current, FAIL),
    ("browser-replaced", old_for_browsers, FAIL),
    ("browser-replaced", when(lambda request: request.get("If-None-Match"), document), FAIL),
)
ABSENT_FAULTS = (
    ("missing-object", not_found_as_200, FAIL),
    ("missing-object", lambda s, q, r: Reply(403) if s.document is None and q.path == PATH else r, FAIL),
    ("missing-object-conditional", conditions_before_errors, FAIL),
)
CORS_FAULTS = (
    ("cors-200", on(200, headers={"Access-Control-Expose-Headers": "Date"}), FAIL),
    (
        "cors-200",
        when(has("Origin", "https://another-origin.invalid"), without("Access-Control-Allow-Origin")),
        DEVIATES,
    ),
    ("cors-304", on(304, headers={"Access-Control-Allow-Origin": None}), FAIL),
    ("cors-403", when(lambda q: q.path != PATH, lambda *_: Reply(403, {}, b"{}")), FAIL),
    ("cors-preflight", when(lambda q: q.method == "OPTIONS", lambda *_: Reply(403, {}, b"{}")), FAIL),
    (
        "cors-preflight",
        lambda s, q, r: replace(r, headers=r.headers | {"Access-Control-Allow-Headers": "X-Other"}),
        FAIL,
    ),
)
