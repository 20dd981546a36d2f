"""A target that is good for some reads and hostile from then on: endless, dripping, lying, malformed.

On the command line ``python tests/targets/hostile_target.py PORT MODE``; in a test
``with running_hostile_target(MODE)``. It takes PUTs of one object and answers GETs with it, as a store and its readers'
address in one. The modes are described by :data:`MODES`. Hostile answers are bounded by ``MOST_SENT`` bytes, for the
sake of the machine that runs it.
"""

import contextlib
import gzip
import hashlib
import os
import random
import socket
import ssl
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a script has only its own folder on the path
from tests.loadtest.http1.targets import Target

MOST_SENT = 10 * 1024**3
_MEGABYTE = b"x" * 1024**2
_EVIL = (
    "\x9b31mCSI<img src=x onerror=alert(1)><script>alert(2)</script></script>](javascript:alert(3)) |`a`| & "
    "@everyone $(id)"
)
Headers = list[tuple[str, str]]


def _head(status: str, headers: Headers) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n"


def _pour(connection: socket.socket, piece: bytes) -> None:
    for _ in range(MOST_SENT // len(piece)):
        connection.sendall(piece)


def _drip(connection: socket.socket, data: bytes, pause_s: float) -> None:
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(pause_s)


def _bomb(start: bytes) -> bytes:
    """768 MB of zeros, compressed to less than a megabyte: one block again and again, behind ``start``."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b"\0" * 1024**2) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + block * 768 + packer.flush()


class HostileTarget(Target):
    """One target. ``good_reads`` are answered as they should be."""

    def __init__(self, mode: str, good_reads: int = 30, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        if mode not in MODES:
            raise ValueError(f"the mode is {mode!r}: give one of {', '.join(MODES)}")
        super().__init__(self._answer_all, tls, port)
        self.mode, self.good_reads = mode, good_reads
        self.document, self.previous, self.etag, self.puts, self.reads = b"{}", b"{}", '"00"', 0, 0
        self.redirect_to = "http://127.0.0.1:9/elsewhere"
        self._bodies: dict[str, bytes] = {}

    def _run(self, connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.mode == "handshake" and self.reads >= self.good_reads:
            with contextlib.suppress(OSError), connection:
                _drip(connection, b"\x16\x03\x03\x20\x00" + b"\x02" * 8192, 0.05)
        else:
            super()._run(connection, number)

    def _answer_all(self, connection: socket.socket, number: int) -> None:
        while (request := _received(connection)) is not None and self._answer(connection, *request):
            pass

    def _answer(self, connection: socket.socket, head: bytes, body: bytes) -> bool:
        """Answer one request; whether the connection can take another."""
        self.requests.append(head)
        if head.startswith(b"PUT"):
            return self._put(connection, body)
        self.reads += 1
        if self.mode in ODD_FROM_THE_START:
            return self._odd(connection, head)
        if self.reads <= self.good_reads:
            return self._send(connection, "200 OK", [("Content-Type", "application/json"), ("ETag", self.etag)])
        return MODES[self.mode][1](self, connection)

    def _put(self, connection: socket.socket, body: bytes) -> bool:
        self.puts += 1
        self.previous, self.document = self.document, body
        self.etag = f'"{hashlib.md5(body).hexdigest()}"'
        if self.mode == "puterr" and self.puts > 1 and self.puts % 3 == 0:
            code = "&lt;script&gt;alert(1)&lt;/script&gt;&#27;[31m|x|](javascript:1)"
            error = f"<Error><Code>{code}</Code><Message>&lt;img src=x onerror=alert(9)&gt;</Message></Error>"
            return self._send(connection, "400 Bad", [("Content-Type", "application/xml")], error.encode())
        if self.mode == "etagevil":
            self.etag = f'"{_EVIL}{self.puts}"'
        request_id = _EVIL if self.mode in ODD_FROM_THE_START else "r"
        return self._send(connection, "200 OK", [("ETag", self.etag), ("x-amz-request-id", request_id)], b"")

    def _odd(self, connection: socket.socket, head: bytes) -> bool:
        odd = self.mode == "hdr" and random.random() < 0.1
        etag = f'"{_EVIL}{random.random()}"' if odd else self.etag
        headers = [("Content-Type", "application/json"), ("ETag", etag)]
        headers += [(name, _EVIL) for name in ("x-amzn-requestid", "X-Cache", "Server")]
        conditions = [line for line in head.split(b"\r\n") if line.lower().startswith(b"if-none-match:")]
        sent = [line.split(b":", 1)[1].strip() for line in conditions]
        if sent == [self.etag.encode()] and random.random() > 0.05:
            connection.sendall(_head("304 Not Modified", headers))
            return True
        return self._send(connection, "200 OK", headers, self.previous if random.random() < 0.03 else None)

    def _send(self, connection: socket.socket, status: str, headers: Headers, body: bytes | None = None) -> bool:
        body = self.document if body is None else body
        connection.sendall(_head(status, [*headers, ("Content-Length", str(len(body)))]) + body)
        return True

    def begun(self, *headers: tuple[str, str]) -> bytes:
        return _head("200 OK", [("ETag", self.etag), *headers])

    def _hang(self, connection: socket.socket) -> bool:
        time.sleep(600)
        return False

    def _drip_all(self, connection: socket.socket) -> bool:
        length = ("Content-Length", str(len(self.document)))
        _drip(connection, _head("200 OK", [("ETag", self.etag), length]) + self.document, 0.05)
        return True

    def _drip_body(self, connection: socket.socket) -> bool:
        connection.sendall(self.begun(("Content-Length", str(len(self.document)))))
        _drip(connection, self.document, 0.2)
        return True

    def _endless(self, connection: socket.socket) -> bool:
        begins, goes_on = ENDLESS[self.mode]
        connection.sendall(begins(self))
        _pour(connection, goes_on)
        return False

    def _malformed(self, connection: socket.socket) -> bool:
        connection.sendall(random.choice([*_MALFORMED, os.urandom(300)]))
        return False

    def _redirect(self, connection: socket.socket) -> bool:
        return self._send(connection, "302 Found", [("Location", self.redirect_to), ("ETag", self.etag)])

    def _coded(self, coding: str, pack: Callable[[], bytes]) -> Callable[[socket.socket], bool]:
        body = self._bodies.setdefault(coding, pack())
        headers = [("Content-Encoding", coding), ("ETag", self.etag)]
        return lambda connection: self._send(connection, "200 OK", headers, body)

    def _gzip_bomb(self, connection: socket.socket) -> bool:
        return self._coded("gzip", lambda: _bomb(b"\x1f\x8b\x08\0\0\0\0\0\0\xff"))(connection)

    def _deflate_bomb(self, connection: socket.socket) -> bool:
        return self._coded("deflate", lambda: _bomb(b""))(connection)

    def _gzip_document(self, connection: socket.socket) -> bool:
        return self._coded("gzip", lambda: gzip.compress(self.document))(connection)

    def _brotli(self, connection: socket.socket) -> bool:
        return self._coded("br", lambda: b"\x8b\x00\x80a\x03")(connection)

    def _wrong_length(self, connection: socket.socket) -> bool:
        connection.sendall(self.begun(("Content-Length", str(len(self.document) + 100))))
        connection.sendall(self.document)
        return False


_MALFORMED = (
    b"\x00\xff\xfe\r\n\r\n",
    b"HTTP/9.9 abc\r\n\r\n",
    b"HTTP/1.1 99999 X\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: zz\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200\r\n: x\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
)
_MANY_FIELDS = (b"X-A: " + b"a" * 1000 + b"\r\n") * 1000
_CHUNKED = ("Transfer-Encoding", "chunked")
ENDLESS: dict[str, tuple[Callable[[HostileTarget], bytes], bytes]] = {
    "endless": (lambda target: target.begun(("Content-Length", str(MOST_SENT))), _MEGABYTE),
    "endless_close": (lambda target: target.begun(("Connection", "close")), _MEGABYTE),
    "endless_error": (lambda _: _head("500 Oops", [("Content-Length", str(MOST_SENT))]), _MEGABYTE),
    "endless_chunked": (lambda target: target.begun(_CHUNKED), b"100000\r\n" + _MEGABYTE + b"\r\n"),
    "endless_chunk_line": (lambda target: target.begun(_CHUNKED) + b"5;", _MEGABYTE),
    "endless_trailers": (
        lambda target: target.begun(_CHUNKED) + b"%x\r\n%s\r\n0\r\n" % (len(target.document), target.document),
        _MANY_FIELDS,
    ),
    "endlesshdr": (lambda _: b"HTTP/1.1 200 OK\r\n", _MANY_FIELDS),
    "endlessline": (lambda _: b"HTTP/1.1 200 OK\r\nX-A: ", _MEGABYTE),
    "endless1xx": (lambda _: b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 1000),
}
"""How each endless answer begins, and what comes then again and again."""
ODD_FROM_THE_START = ("etagevil", "hdr", "puterr")
"""Modes that answer every read, with hostile text in header fields or errors."""
MODES: dict[str, tuple[str, Callable[[HostileTarget, socket.socket], bool]]] = {
    "hang": ("answers nothing", HostileTarget._hang),
    "drip": ("sends one byte every 0.05 s", HostileTarget._drip_all),
    "dripbody": ("sends one byte of its body every 0.2 s", HostileTarget._drip_body),
    "handshake": ("drips a TLS handshake", HostileTarget._hang),
    "endless": ("10 GB of body, announced", HostileTarget._endless),
    "endless_close": ("a body that ends with the connection, which does not", HostileTarget._endless),
    "endless_error": ("500 with 10 GB of body", HostileTarget._endless),
    "endless_chunked": ("chunks without end", HostileTarget._endless),
    "endless_chunk_line": ("the line of a chunk without end", HostileTarget._endless),
    "endless_trailers": ("the document, and trailers without end", HostileTarget._endless),
    "endlesshdr": ("header fields without end", HostileTarget._endless),
    "endlessline": ("one header field without end", HostileTarget._endless),
    "endless1xx": ("interim answers without end", HostileTarget._endless),
    "malformed": ("what is no HTTP", HostileTarget._malformed),
    "redirect": ("302 to elsewhere", HostileTarget._redirect),
    "gzip": ("768 MB compressed to less than a megabyte", HostileTarget._gzip_bomb),
    "deflate": ("the same as raw deflate", HostileTarget._deflate_bomb),
    "gzipped": ("the document, compressed though identity was asked for", HostileTarget._gzip_document),
    "br": ("a body that says it is Brotli", HostileTarget._brotli),
    "wrongcl": ("fewer bytes than Content-Length", HostileTarget._wrong_length),
    "etagevil": ("ETags with control characters and markup", HostileTarget._hang),
    "hdr": ("header fields with control characters and markup", HostileTarget._hang),
    "puterr": ("every third PUT refused with markup", HostileTarget._hang),
}


def _received(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Head and body of the next request; None when there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in head.split(b"\r\n"))}
    if b"expect" in fields:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    while len(body) < int(fields.get(b"content-length", b"0")):
        body += connection.recv(65536)
    return head, body


@contextlib.contextmanager
def running_hostile_target(
    mode: str, good_reads: int = 30, tls: ssl.SSLContext | None = None
) -> Iterator[HostileTarget]:
    """A hostile target on a free port, for as long as the block lasts."""
    with HostileTarget(mode, good_reads, tls) as target:
        yield target


if __name__ == "__main__":
    HostileTarget(sys.argv[2], port=int(sys.argv[1]))
    sys.stdout.write("up\n")
    sys.stdout.flush()
    threading.Event().wait()
