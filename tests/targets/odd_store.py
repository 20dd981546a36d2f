"""A small S3-like store and a reader's address in one, with oddities that other stores and gateways have.

On the command line ``python tests/targets/odd_store.py PORT [name=value …]``; in a test ``with running_odd_store(…)``.
It holds one object, whatever its address. A PUT or a signed request is one to the store; any other GET is a reader's.
POST is STS. The oddities are described by :data:`ODDITIES`.
"""

import asyncio
import contextlib
import hashlib
import os
import ssl
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

if __name__ == "__main__":
    from odd_answers import ODDITIES, answer_to_reader  # a script has its own folder on the path
else:
    from tests.targets.odd_answers import ODDITIES, answer_to_reader

Headers = list[tuple[str, str]]
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
    reads: int = 0
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        scheme = "https" if "tls" in self.oddities else "http"
        return f"{scheme}://127.0.0.1:{self.port}"

    def hold(self, body: bytes | None, headers: Headers | None = None) -> None:
        """Put an object there, or take it away (None), as somebody else would."""
        self.body, self.headers, self.modified = body, headers or [], formatdate(usegmt=True)
        etag = hashlib.md5(body or b"", usedforsecurity=False).hexdigest()
        if self.oddities.get("etag") == "kms":
            etag = hashlib.sha256((body or b"") + os.urandom(4)).hexdigest()[:32]
        if self.oddities.get("etag") == "multipart":
            etag += "-1"
        self.etag = etag

    def requests_with(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        pairs = (line.partition(":") for line in head[1:] if ":" in line)
        request = Request(method, target, {name.strip().lower(): value.strip() for name, _, value in pairs})
        self.requests.append(request)
        if "log" in self.oddities:
            with Path(self.oddities["log"]).open("a") as log:
                log.write(f"{method} {target} {request.headers}\n")
        if method in ("PUT", "POST"):
            if "expect" in request.headers and "no100" not in self.oddities:
                if "expect417" in self.oddities:
                    writer.write(response(417, "Expectation Failed", [("Connection", "close")]))
                    await writer.drain()
                    return False
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.body = await reader.readexactly(int(request.headers.get("content-length") or 0))
            answer = self._sts(request) if method == "POST" else await self._put(request)
            if answer is None:
                return False
        elif request.is_signed and not request.target.startswith("/moto"):
            answer = self._store_answer(request)
        else:
            self.reads += 1
            return await answer_to_reader(self, request, writer)
        writer.write(answer)
        await writer.drain()
        return True

    def _sts(self, request: Request) -> bytes:
        del request
        status, code, message = _STS_REFUSALS[self.oddities.get("sts", "deny")]
        return response(status, "Refused", [("Content-Type", "text/xml")], _STS_ERROR.format(code, message).encode())

    async def _put(self, request: Request) -> bytes | None:
        self.puts += 1
        odd, headers = self.oddities, request.headers
        if "putfail" in odd and self.puts > int(odd.get("putfailafter", "0")):
            return self._failed_put()
        checksums = [name for name in headers if name.startswith(("x-amz-checksum", "x-amz-sdk-checksum"))]
        if "objectlock" in odd and "content-md5" not in headers and not checksums:
            said = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock"
            return s3_error(400, "InvalidRequest", f"{said} parameters")
        if "nochecksum" in odd and (checksums or "x-amz-trailer" in headers):
            return s3_error(
                501, "NotImplemented", "A header you provided implies functionality that is not implemented"
            )
        if "noconditionalput" not in odd and headers.get("if-none-match") == "*" and self.body is not None:
            return s3_error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        if "if-match" in headers and "deniesconditionalput" in odd:
            return s3_error(403, "AccessDenied", "Access Denied")
        if "if-match" in headers and "refusesconditionalput" in odd:
            return s3_error(
                501, "NotImplemented", "A header you provided implies functionality that is not implemented"
            )
        if "noconditionalput" not in odd and headers.get("if-match", f'"{self.etag}"').strip('"') != self.etag:
            return s3_error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        if any(name.startswith(part) for name in headers for part in odd.get("denied", "").split()):
            return s3_error(403, "AccessDenied", "Access Denied")
        kept = [
            (name, value)
            for name, value in headers.items()
            if name in _KEPT_HEADERS or name in _GRANTS.values() or _is_metadata(name)
        ]
        if "putdelay" in odd:
            await asyncio.sleep(float(odd["putdelay"]))
        self.hold(request.body, kept)
        if "putlost" in odd and self.puts > int(odd.get("putfailafter", "0")):
            return None
        named = {"unquoted": self.etag, "weak": f'W/"{self.etag}"', "none": ""}.get(
            odd.get("putetag", ""), f'"{self.etag}"'
        )
        return response(200, "OK", [("ETag", named)] if named else [])

    def _failed_put(self) -> bytes:
        odd = self.oddities
        code, status, message = odd["putfail"].split("|", 2)
        body = error_xml(code, message) if code else odd.get("rawbody", "").encode()
        headers = [("Content-Type", "application/xml" if code else "text/html")]
        headers += [("Location", odd["putlocation"])] if "putlocation" in odd else []
        headers += [("x-amz-bucket-region", odd["bucketregion"])] if "bucketregion" in odd else []
        return response(int(status), "X", headers, body)

    def _store_answer(self, request: Request) -> bytes:
        """What the store says to a signed request that is no PUT."""
        odd = self.oddities
        if request.method == "DELETE":
            if "deletedenied" in odd:
                return s3_error(403, "AccessDenied", "Access Denied")
            if request.headers.get("if-match", f'"{self.etag}"').strip('"') != self.etag:
                return s3_error(412, "PreconditionFailed", "At least one of the pre-conditions did not hold")
            self.hold(None)
            return response(204, "No Content", [])
        if request.method == "HEAD" and "headbucket" in odd:
            return response(403, "Forbidden", [("x-amz-bucket-region", odd["headbucket"])])
        if "getdenied" in odd:
            return s3_error(403, "AccessDenied", odd["getdenied"].replace("1", "Access Denied", 1))
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
    """An error of S3."""
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


def oddities_of(arguments: list[str]) -> dict[str, str]:
    """``name=value`` or ``name`` of the command line; a name that is not known is refused."""
    found = dict(part.split("=", 1) if "=" in part else (part, "1") for part in arguments)
    unknown = sorted(set(found) - set(ODDITIES))
    if unknown:
        known = "\n".join(f"  {name}  {meaning}" for name, meaning in ODDITIES.items())
        raise SystemExit(f"{unknown[0]!r} is no oddity; there are:\n{known}")
    return found


async def _listen(store: OddStore, port: int) -> asyncio.Server:
    context = None
    if "tls" in store.oddities:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = Path(store.oddities["tls"])
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    bind = store.oddities.get("bind", "127.0.0.1")
    server = await asyncio.start_server(store.serve, bind, port, ssl=context, limit=1 << 24)
    store.port = server.sockets[0].getsockname()[1]
    return server


@contextlib.contextmanager
def running_odd_store(**oddities: str) -> Iterator[OddStore]:
    """A store with ``oddities`` on a free port, in a thread of its own, for as long as the block lasts."""
    store = OddStore(dict(oddities))
    oddities_of(list(oddities))
    started = threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        server = await _listen(store, 0)
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


async def main() -> None:
    """Serve until killed."""
    store = OddStore(oddities_of(sys.argv[2:]))
    server = await _listen(store, int(sys.argv[1]))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
