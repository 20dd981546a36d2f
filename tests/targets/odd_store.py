"""A small S3-like store and a reader's address in one, with oddities that other stores and gateways have.

``with running_odd_store(…)``; it holds one object, whatever its address. A PUT or a signed request is one to the store;
any other GET is a reader's. POST is STS. The oddities are described by :data:`ODDITIES`.
"""

import asyncio
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate

Headers = list[tuple[str, str]]
ODDITIES = {
    # the store
    "no100": "never answers Expect: 100-continue",
    "expect417": "refuses Expect",
    "sts": "deny or expired: what STS says",
    "putfail": "CODE|STATUS|MESSAGE: what a PUT gets; without a code, rawbody as HTML",
    "putlost": "closes the connection in place of an answer to a PUT that took effect",
    "rawbody": "body of a failed PUT without a code",
    "putlocation": "Location of a failed PUT",
    "objectlock": "demands Content-MD5 or a checksum",
    "nochecksum": "knows no x-amz-checksum headers",
    "noconditionalput": "ignores If-None-Match and If-Match of a PUT",
    "conditionfail": "CODE|STATUS that a PUT with If-Match gets",
    "denied": "headers of a PUT that need a right of their own, which nobody has; the beginning of their names",
    "getdenied": "refuses GetObject (to signed requests)",
    "deletedenied": "refuses DeleteObject",
    # the reader's address
    "getfail": "STATUS|BODY that every read gets once an object is there",
    "age": "an Age header",
    "pretty": "spells the JSON anew",
    "bom": "puts a byte-order mark in front",
}
_NOT_IMPLEMENTED = "A header you provided implies functionality that is not implemented"
_NOT_HELD = "At least one of the pre-conditions you specified did not hold"
_STS_ERROR = (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{}</Code>'
    "<Message>{}</Message></Error><RequestId>q</RequestId></ErrorResponse>"
)
_STS_REFUSALS = {
    "deny": (
        403,
        "AccessDenied",
        "User: arn:aws:iam::111122223333:user/u is not authorized to perform: sts:AssumeRole on resource: "
        "arn:aws:iam::111122223333:role/r",
    ),
    "expired": (400, "ExpiredTokenException", "Token expired"),
}
_KEPT_HEADERS = (
    *("content-type", "cache-control", "content-encoding", "content-language", "content-disposition", "expires"),
    *("x-amz-storage-class", "x-amz-tagging", "x-amz-website-redirect-location", "x-amz-server-side-encryption"),
)
_GRANTS = {"READ": "x-amz-grant-read", "FULL_CONTROL": "x-amz-grant-full-control"}
_NOT_IN_ANSWERS = ("x-amz-tagging", *_GRANTS.values())


@dataclass
class Request:
    """One request, header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def is_signed(self) -> bool:
        return "authorization" in self.headers


@dataclass
class OddStore:
    """The object, what has been asked, and the oddities (which may be changed while it runs)."""

    oddities: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    etag: str = ""
    modified: str = ""
    headers: Headers = field(default_factory=list)
    port: int = 0
    puts: int = 0
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def hold(self, body: bytes | None, headers: Headers | None = None) -> None:
        """Put an object there, or take it away (None), as somebody else would."""
        self.body, self.headers, self.modified = body, headers or [], formatdate(usegmt=True)
        self.etag = hashlib.md5(body or b"", usedforsecurity=False).hexdigest()

    def requests_with(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        pairs = (line.partition(":") for line in head[1:] if ":" in line)
        request = Request(method, target, {name.strip().lower(): value.strip() for name, _, value in pairs})
        self.requests.append(request)
        if method in ("PUT", "POST"):
            if "expect" in request.headers and "no100" not in self.oddities:
                if "expect417" in self.oddities:
                    writer.write(response(417, "Expectation Failed", [("Connection", "close")]))
                    await writer.drain()
                    return False
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.body = await reader.readexactly(int(request.headers.get("content-length") or 0))
            answer = self._sts() if method == "POST" else self._put(request)
            if answer is None:
                return False
        elif request.is_signed:
            answer = self._store_answer(request)
        else:
            answer = self._read(request)
        writer.write(answer)
        await writer.drain()
        return True

    def _sts(self) -> bytes:
        status, code, message = _STS_REFUSALS[self.oddities.get("sts", "deny")]
        return response(status, "Refused", [("Content-Type", "text/xml")], _STS_ERROR.format(code, message).encode())

    def _put(self, request: Request) -> bytes | None:
        self.puts += 1
        odd, headers = self.oddities, request.headers
        if "putfail" in odd:
            return self._failed_put()
        checksums = [name for name in headers if name.startswith(("x-amz-checksum", "x-amz-sdk-checksum"))]
        if "objectlock" in odd and "content-md5" not in headers and not checksums:
            said = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock"
            return s3_error(400, "InvalidRequest", f"{said} parameters")
        if "nochecksum" in odd and (checksums or "x-amz-trailer" in headers):
            return s3_error(501, "NotImplemented", _NOT_IMPLEMENTED)
        if "noconditionalput" not in odd and headers.get("if-none-match") == "*" and self.body is not None:
            return s3_error(412, "PreconditionFailed", _NOT_HELD)
        if "if-match" in headers and "conditionfail" in odd:
            code, status = odd["conditionfail"].split("|")
            return s3_error(int(status), code, _NOT_IMPLEMENTED)
        if "noconditionalput" not in odd and "if-match" in headers and self.body is None:
            return s3_error(404, "NoSuchKey", "The specified key does not exist.")
        if "noconditionalput" not in odd and headers.get("if-match", f'"{self.etag}"').strip('"') != self.etag:
            return s3_error(412, "PreconditionFailed", _NOT_HELD)
        if any(name.startswith(part) for name in headers for part in odd.get("denied", "").split()):
            return s3_error(403, "AccessDenied", "Access Denied")
        kept = [
            (name, value)
            for name, value in headers.items()
            if name in _KEPT_HEADERS or name in _GRANTS.values() or _is_metadata(name)
        ]
        self.hold(request.body, kept)
        return None if "putlost" in odd else response(200, "OK", [("ETag", f'"{self.etag}"')])

    def _failed_put(self) -> bytes:
        odd = self.oddities
        code, status, message = odd["putfail"].split("|", 2)
        body = error_xml(code, message) if code else odd.get("rawbody", "").encode()
        headers = [("Content-Type", "application/xml" if code else "text/html")]
        headers += [("Location", odd["putlocation"])] if "putlocation" in odd else []
        return response(int(status), "X", headers, body)

    def _store_answer(self, request: Request) -> bytes:
        """What the store says to a signed request that is no PUT."""
        odd = self.oddities
        if request.method == "DELETE":
            if "deletedenied" in odd:
                return s3_error(403, "AccessDenied", "Access Denied")
            if request.headers.get("if-match", f'"{self.etag}"').strip('"') != self.etag:
                return s3_error(412, "PreconditionFailed", _NOT_HELD)
            self.hold(None)
            return response(204, "No Content", [])
        if "getdenied" in odd:
            return s3_error(403, "AccessDenied", "Access Denied")
        if self.body is None:
            return s3_error(404, "NoSuchKey", "The specified key does not exist.")
        stored = dict(self.headers)
        if "tagging" in request.target.partition("?")[2]:
            tags = [pair.partition("=") for pair in stored.get("x-amz-tagging", "").split("&") if pair]
            inner = "".join(f"<Tag><Key>{name}</Key><Value>{value}</Value></Tag>" for name, _, value in tags)
            body = f"<Tagging><TagSet>{inner}</TagSet></Tagging>".encode()
            return response(200, "OK", [("Content-Type", "application/xml")], body)
        if request.target.partition("?")[2] == "acl":
            return response(200, "OK", [("Content-Type", "application/xml")], _access_list(stored))
        headers = [("ETag", f'"{self.etag}"'), ("Last-Modified", self.modified)]
        headers += [(name, value) for name, value in self.headers if name not in _NOT_IN_ANSWERS]
        if stored.get("x-amz-tagging"):
            headers.append(("x-amz-tagging-count", str(len(stored["x-amz-tagging"].split("&")))))
        if request.method == "HEAD":
            return response(200, "OK", [*headers, ("Content-Length", str(len(self.body)))], counted=False)
        return response(200, "OK", headers, self.body)

    def _read(self, request: Request) -> bytes:
        """What a reader gets."""
        odd, body = self.oddities, self.body
        if body is None:
            return response(404, "Not Found", [], b"{}")
        if "getfail" in odd:
            status, text = odd["getfail"].split("|", 1)
            return response(int(status), "X", [("Content-Type", "text/html")], text.encode())
        etag, stored = f'"{self.etag}"', dict(self.headers)
        headers = [("ETag", etag), ("Last-Modified", self.modified), ("Date", formatdate(usegmt=True))]
        headers.append(("Cache-Control", "no-cache"))
        headers += [("Age", odd["age"])] if "age" in odd else []
        asked = request.headers.get("if-none-match", "")
        if etag in [one.strip().removeprefix("W/") for one in asked.split(",")]:
            return response(304, "Not Modified", headers, counted=False)
        body = json.dumps(json.loads(body)).encode() if "pretty" in odd else body
        body = b"\xef\xbb\xbf" + body if "bom" in odd else body
        headers.append(("Content-Type", stored.get("content-type", "application/json")))
        headers += [(name, stored[name]) for name in ("content-encoding", "content-language") if name in stored]
        if request.method == "HEAD":
            return response(200, "OK", [*headers, ("Content-Length", str(len(body)))], counted=False)
        return response(200, "OK", headers, body)


def response(status: int, reason: str, headers: Headers, body: bytes = b"", *, counted: bool = True) -> bytes:
    """An answer as bytes; ``counted``: with a Content-Length."""
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    lines += [f"Content-Length: {len(body)}"] if counted and status != 204 else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def error_xml(code: str, message: str) -> bytes:
    """S3's error document."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
        "<RequestId>R1</RequestId></Error>"
    ).encode()


def s3_error(status: int, code: str, message: str) -> bytes:
    return response(status, code, [("Content-Type", "application/xml")], error_xml(code, message))


def _access_list(headers: dict[str, str]) -> bytes:
    """The answer to GetObjectAcl; an object that was put without grants is its owner's alone."""
    given = {right: headers[name] for right, name in _GRANTS.items() if name in headers} or {"FULL_CONTROL": 'id="me"'}
    grants = ""
    for right, grantees in given.items():
        for kind, _, name in (grantee.strip().partition("=") for grantee in grantees.split(",")):
            tag, schema = ("URI", "Group") if kind == "uri" else ("ID", "CanonicalUser")
            schemas = f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="{schema}"'
            inner = f"<{tag}>{name.strip(chr(34))}</{tag}>"
            grants += f"<Grant><Grantee {schemas}>{inner}</Grantee><Permission>{right}</Permission></Grant>"
    return (
        "<AccessControlPolicy><Owner><ID>me</ID></Owner>"
        f"<AccessControlList>{grants}</AccessControlList></AccessControlPolicy>"
    ).encode()


def _is_metadata(name: str) -> bool:
    return name.startswith("x-amz-meta-")


@contextlib.contextmanager
def running_odd_store(**oddities: str) -> Iterator[OddStore]:
    """A store with ``oddities`` on a free port, in a thread of its own, for as long as the block lasts."""
    unknown = sorted(set(oddities) - set(ODDITIES))
    assert not unknown, f"{unknown[0]!r} is no oddity; there are {sorted(ODDITIES)}"
    store = OddStore(dict(oddities))
    started = threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        server = await asyncio.start_server(store.serve, "127.0.0.1", 0, limit=1 << 24)
        store.port = server.sockets[0].getsockname()[1]
        started.set()
        async with server:
            await server.serve_forever()

    def run() -> None:
        task = loop.create_task(serve())
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(10), "the odd store did not start"
    try:
        yield store
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        thread.join(10)
