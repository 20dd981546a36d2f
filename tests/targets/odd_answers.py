"""What the odd store answers to a reader, and the list of all its oddities."""

import asyncio
import base64
import gzip
import json
import random
from email.utils import formatdate
from typing import Any

ODDITIES = {
    "bind": "address to listen on",
    "log": "file to which every request is appended",
    "tls": "folder with cert.pem and key.pem",
    # the store
    "no100": "never answers Expect: 100-continue",
    "expect417": "refuses Expect",
    "sts": "deny or expired: what STS says",
    "putfail": "CODE|STATUS|MESSAGE: what a PUT gets; without a code, rawbody as HTML",
    "putfailafter": "the PUT after which putfail and putlost begin",
    "putlost": "closes the connection in place of an answer to a PUT that took effect",
    "putdelay": "seconds before a PUT takes effect",
    "rawbody": "body of a failed PUT without a code",
    "putlocation": "Location of a failed PUT",
    "bucketregion": "x-amz-bucket-region of a failed PUT",
    "headbucket": "HEAD gets 403 and this x-amz-bucket-region",
    "objectlock": "demands Content-MD5 or a checksum",
    "nochecksum": "knows no x-amz-checksum headers",
    "noconditionalput": "ignores If-None-Match and If-Match of a PUT",
    "refusesconditionalput": "does not know If-Match of a PUT, and says so",
    "deniesconditionalput": "takes If-Match of a PUT from nobody",
    "denied": "headers of a PUT that need a right of their own, which nobody has; the beginning of their names",
    "getdenied": "refuses GetObject (to signed requests); the value is the message",
    "deletedenied": "refuses DeleteObject",
    "etag": "kms (no MD5) or multipart (…-1)",
    "putetag": "unquoted, weak or none in the answer to a PUT",
    # the reader's address
    "redirect": "status of a redirect that every read gets",
    "to": "its Location",
    "getfail": "STATUS|BODY that every read gets once an object is there",
    "status": "status of a whole answer",
    "getetag": "weak, unquoted or gzip in the answer to a read",
    "etagname": "how the name of the header is spelled",
    "dupetag": "a second ETag header",
    "age": "an Age header",
    "close": "closes the connection after every answer",
    "cookie": "a Set-Cookie header",
    "early": "103 Early Hints first",
    "304len": "Content-Length of the document in a 304",
    "304len0": "Content-Length: 0 in a 304",
    "304te": "Transfer-Encoding in a 304",
    "304noetag": "a 304 without ETag",
    "304etag": "strong: a 304 with the strong ETag",
    "gzipalways": "compresses without being asked",
    "pretty": "spells the JSON anew",
    "nl": "adds a line end",
    "b64": "encodes the body in base64",
    "bom": "puts a byte-order mark in front",
    "chunked": "sends chunks",
    "chunkedlen": "with a Content-Length as well",
    "slow": "with a pause after each",
    "trailer": "with a trailer at the end",
    "http10": "answers HTTP/1.0",
    "tilclose": "sends no Content-Length and closes",
    "maxreq": "closes after this many requests, about",
}


async def answer_to_reader(store: Any, request: Any, writer: asyncio.StreamWriter) -> bool:
    """Answer one read; whether the connection stays open."""
    odd = store.oddities
    early = _answer_without_document(store, request)
    if early is not None:
        writer.write(early)
        await writer.drain()
        return True
    if "early" in odd:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n")
    headers, etag = _headers(store)
    if _matches(odd, store.etag, etag, request.headers.get("if-none-match")):
        writer.write(_not_modified(odd, headers, store))
    else:
        await _document(odd, request, headers, store, writer)
    await writer.drain()
    ends = any(name in odd for name in ("http10", "close")) or "tilclose" in odd
    return not ends and not ("maxreq" in odd and random.random() < 1 / int(odd["maxreq"]))


def _answer_without_document(store: Any, request: Any) -> bytes | None:
    odd = store.oddities
    if "redirect" in odd:
        location = odd.get("to", "https://example.net" + request.target)
        return _head("HTTP/1.1", int(odd["redirect"]), "Moved", [("Location", location), ("Content-Length", "0")])
    if "getfail" in odd and store.body is not None:
        status, text = odd["getfail"].split("|", 1)
        headers = [("Content-Type", "text/html"), ("Content-Length", str(len(text.encode())))]
        return _head("HTTP/1.1", int(status), "X", headers) + text.encode()
    if store.body is None:
        return _head("HTTP/1.1", 404, "Not Found", [("Content-Length", "2")]) + b"{}"
    return None


def _headers(store: Any) -> tuple[list[tuple[str, str]], str]:
    odd = store.oddities
    etag = {"weak": f'W/"{store.etag}"', "unquoted": store.etag, "gzip": f'"{store.etag}-gzip"'}.get(
        odd.get("getetag", ""), f'"{store.etag}"'
    )
    headers = [
        (odd.get("etagname", "ETag"), etag),
        ("Last-Modified", store.modified),
        ("Date", formatdate(usegmt=True)),
        ("Cache-Control", "no-cache"),
    ]
    for name, header in (
        ("dupetag", ("etag", etag)),
        ("age", ("Age", odd.get("age", ""))),
        ("close", ("Connection", "close")),
        ("cookie", ("Set-Cookie", "a=b")),
    ):
        headers += [header] if name in odd else []
    return headers, etag


def _matches(odd: dict[str, str], stored: str, etag: str, asked: str | None) -> bool:
    if asked is None:
        return False
    if odd.get("getetag") == "gzip":
        return asked == f'"{stored}"'
    return any(one.strip().removeprefix("W/") == etag.removeprefix("W/") for one in asked.split(","))


def _not_modified(odd: dict[str, str], headers: list[tuple[str, str]], store: Any) -> bytes:
    headers = list(headers)
    headers += [("Content-Length", str(len(store.body)))] if "304len" in odd else []
    headers += [("Content-Length", "0")] if "304len0" in odd else []
    headers += [("Transfer-Encoding", "chunked")] if "304te" in odd else []
    if "304noetag" in odd:
        headers = headers[1:]
    elif odd.get("304etag") == "strong":
        headers[0] = ("ETag", f'"{store.etag}"')
    return _head(_version(odd), 304, "Not Modified", headers)


async def _document(
    odd: dict[str, str], request: Any, headers: list[tuple[str, str]], store: Any, writer: asyncio.StreamWriter
) -> None:
    body = _spelled(odd, store.body)
    status, version = int(odd.get("status", "200")), _version(odd)
    if "gzipalways" in odd:
        body = gzip.compress(body)
        headers = [*headers, ("Content-Encoding", "gzip")]
    stored = dict(store.headers)
    headers = [*headers, ("Content-Type", stored.get("content-type", "application/json"))]
    headers += [(name, stored[name]) for name in ("content-encoding", "content-language") if name in stored]
    if request.method == "HEAD":
        writer.write(_head(version, status, "OK", [*headers, ("Content-Length", str(len(body)))]))
    elif "chunked" in odd:
        headers = [*headers, ("Transfer-Encoding", "chunked")]
        headers += [("Content-Length", str(len(body)))] if "chunkedlen" in odd else []
        writer.write(_head(version, status, "OK", headers))
        for start in range(0, len(body), 5000):
            piece = body[start : start + 5000]
            writer.write(f"{len(piece):x};x=y\r\n".encode() + piece + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.002 if "slow" in odd else 0)
        writer.write(b"0\r\nX-T: 1\r\n\r\n" if "trailer" in odd else b"0\r\n\r\n")
    elif "http10" in odd or "tilclose" in odd:
        writer.write(_head(version, status, "OK", headers) + body)
    else:
        writer.write(_head(version, status, "OK", [*headers, ("Content-Length", str(len(body)))]) + body)


def _spelled(odd: dict[str, str], body: bytes) -> bytes:
    if "pretty" in odd:
        body = json.dumps(json.loads(body)).encode()
    body += b"\n" if "nl" in odd else b""
    body = base64.b64encode(body) if "b64" in odd else body
    return b"\xef\xbb\xbf" + body if "bom" in odd else body


def _version(odd: dict[str, str]) -> str:
    return "HTTP/1.0" if "http10" in odd else "HTTP/1.1"


def _head(version: str, status: int, reason: str, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"{version} {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
