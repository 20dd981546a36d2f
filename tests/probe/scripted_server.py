"""A small HTTP/1.1 server that does everything right until a fault changes one answer, or its bytes.

It serves one document at /v1/samples as S3 behind a gateway should, takes PUT and DELETE of /bucket/payload.json as S3
does, and hands every reply to a fault before it goes out. Raw sockets: a reply can be anything.
"""

import hashlib
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime

from tests.loadtest.http1.targets import Target

LAST_MODIFIED = 1_700_000_000.0
PATH = "/v1/samples"
DOCUMENT = b'{"samples":[7]}' * 40
OBJECT = "/bucket/payload.json"


@dataclass
class Request:
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    number: int
    """How many requests this connection has carried before."""

    def get(self, name: str) -> str | None:
        return next((value for sent, value in self.headers if sent.lower() == name.lower()), None)


@dataclass
class Reply:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: bytes = b""
    """Sent behind the message."""
    cut: int | None = None
    """Send only so many bytes of the body, then close."""
    close: bool = False
    """Close without saying so."""


Fault = Callable[["ScriptedServer", Request, Reply], Reply | None]


class ScriptedServer(Target):
    """``document`` None: there is no document. ``fault`` may change or replace a reply (None: no reply at all)."""

    def __init__(self, document: bytes | None = DOCUMENT, fault: Fault | None = None) -> None:
        super().__init__(self._serve_connection)
        self.document = document
        self.fault = fault
        self.cors_origin = ""
        self.compresses: bytes | None = None
        self.may_delete = True
        self.refuses_put = ""
        self.serial = 0
        self.requests: list[Request] = []
        self.dates = LAST_MODIFIED

    def etag(self, body: bytes | None = None) -> str:
        return f'"{hashlib.md5(self.document if body is None else body).hexdigest()}"'

    def requests_of(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]

    def _serve_connection(self, connection: socket.socket, _: int) -> None:
        number = 0
        with connection.makefile("rb") as reader:
            while (request := _read(reader, connection, number)) is not None:
                number += 1
                self.requests.append(request)
                reply = self.right_answer(request)
                changed = self.fault(self, request, reply) if self.fault else reply
                if changed is None or not _send(connection, request, changed):
                    return

    def right_answer(self, request: Request) -> Reply:
        if request.path == OBJECT:
            return self._object(request)
        reply = self._page(request)
        reply.headers["Date"] = formatdate(usegmt=True)
        if self.cors_origin:
            reply.headers["Access-Control-Allow-Origin"] = self.cors_origin
            reply.headers["Access-Control-Expose-Headers"] = "ETag"
        return reply

    def _object(self, request: Request) -> Reply:
        if request.method == "PUT":
            if self.refuses_put:
                return _error(403, self.refuses_put)
            self.document = request.body
            self.serial += 1
            self.dates += 86_400
            return Reply(200, {"ETag": self.etag()})
        if request.method == "DELETE" and self.may_delete:
            self.document = None
            return Reply(204)
        return _error(403, "AccessDenied")

    def _page(self, request: Request) -> Reply:
        if request.method == "OPTIONS" and self.cors_origin:
            return Reply(204, {"Access-Control-Allow-Headers": "If-None-Match"})
        if request.path != PATH:
            return Reply(403, {"Content-Type": "application/json"}, b'{"message":"Missing Authentication Token"}')
        if self.document is None:
            return Reply(404, {"Content-Type": "application/json", "Cache-Control": "no-store"}, b'{"message":"none"}')
        return self._document(request)

    def _document(self, request: Request) -> Reply:
        validators = {
            "ETag": self.etag(),
            "Last-Modified": formatdate(self.dates, usegmt=True),
            "Cache-Control": "no-cache",
        }
        body, packed = self.document or b"", self.compresses
        if packed is not None:
            validators["Vary"] = "Accept-Encoding"
        if packed is not None and "gzip" in (request.get("Accept-Encoding") or ""):
            validators["ETag"] = self.etag(packed)
            body = packed
        if self._unchanged(request, validators["ETag"]):
            return Reply(304, validators)
        described = {"Content-Type": "application/json"}
        if body is packed:
            described["Content-Encoding"] = "gzip"
        return Reply(200, validators | described, body)

    def _unchanged(self, request: Request, etag: str) -> bool:
        condition = request.get("If-None-Match")
        if condition is not None:
            tags = [tag.strip().removeprefix("W/") for tag in condition.split(",")]
            return condition.strip() == "*" or etag in tags
        try:
            since = parsedate_to_datetime(request.get("If-Modified-Since") or "").timestamp()
        except ValueError:
            return False
        return since >= self.dates


def _error(status: int, code: str) -> Reply:
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    return Reply(status, {"Content-Type": "application/xml"}, body)


def _read(reader, connection: socket.socket, number: int) -> Request | None:
    line = reader.readline().decode("latin-1").strip()
    if not line:
        return None
    method, target, _ = line.split(" ", 2)
    headers = []
    while field_line := reader.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = field_line.partition(":")
        headers.append((name, value.strip()))
    path, _, query = target.partition("?")
    request = Request(method, path, query, headers, b"", number)
    if (request.get("Expect") or "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.body = reader.read(int(request.get("Content-Length") or 0))
    return request


def _send(connection: socket.socket, request: Request, reply: Reply) -> bool:
    headers = dict(reply.headers)
    if reply.status not in (204, 304):
        headers.setdefault("Content-Length", str(len(reply.body)))
    head = f"HTTP/1.1 {reply.status} Whatever\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
    body = b"" if request.method == "HEAD" or reply.status in (204, 304) else reply.body
    if reply.cut is not None:
        body = body[: reply.cut]
    connection.sendall(head.encode("latin-1") + body + reply.after)
    return not (reply.close or reply.cut is not None or headers.get("Connection") == "close")
