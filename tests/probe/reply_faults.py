"""Faults of a scripted server: each changes some answers, and leaves the others as they are."""

from __future__ import annotations

from dataclasses import replace

from scripted_server import PATH, Reply, Request


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
