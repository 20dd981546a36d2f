"""A target that is good for some reads and hostile from then on: endless, dripping, lying, malformed.

``with running_hostile_target(MODE)``; the modes are described by :data:`MODES`. Hostile answers are bounded by
``MOST_SENT`` bytes, for the sake of the machine that runs it.
"""

import contextlib
import gzip
import os
import random
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from functools import cache

from tests.loadtest.http1.targets import Target

MOST_SENT = 10 * 1024**3
_MEGABYTE = b"x" * 1024**2
_MANY_FIELDS = (b"X-A: " + b"a" * 1000 + b"\r\n") * 1000
_ETAG = ("ETag", '"00"')
_CHUNKED = ("Transfer-Encoding", "chunked")
Headers = list[tuple[str, str]]


def _head(status: str, headers: Headers) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _begun(*headers: tuple[str, str]) -> bytes:
    return _head("200 OK", [_ETAG, *headers])


def _drip(connection: socket.socket, data: bytes, pause_s: float) -> None:
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(pause_s)


@cache
def _bomb(start: bytes) -> bytes:
    """768 MB of zeros, compressed to less than a megabyte: one block again and again, behind ``start``."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b"\0" * 1024**2) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + block * 768 + packer.flush()


class HostileTarget(Target):
    """One target. ``good_reads`` are answered as they should be."""

    def __init__(self, mode: str, good_reads: int, tls: ssl.SSLContext | None = None) -> None:
        self.mode, self.good_reads, self.reads = mode, good_reads, 0
        self.document = b"{}"
        self.redirect_to = "http://127.0.0.1:9/elsewhere"
        super().__init__(self._answer_all, tls)

    def _answer_all(self, connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while self.asked(connection) and self._answer(connection):
            pass

    def _answer(self, connection: socket.socket) -> bool:
        """Answer one request; whether the connection can take another."""
        self.reads += 1
        if self.reads <= self.good_reads:
            return self._send(connection, "200 OK", [("Content-Type", "application/json")], self.document)
        return MODES[self.mode][1](self, connection)

    def _send(self, connection: socket.socket, status: str, headers: Headers, body: bytes) -> bool:
        connection.sendall(_head(status, [_ETAG, *headers, ("Content-Length", str(len(body)))]) + body)
        return True

    def _hang(self, connection: socket.socket) -> bool:
        time.sleep(600)
        return False

    def _drip_all(self, connection: socket.socket) -> bool:
        _drip(connection, _begun(("Content-Length", str(len(self.document)))) + self.document, 0.05)
        return True

    def _drip_body(self, connection: socket.socket) -> bool:
        connection.sendall(_begun(("Content-Length", str(len(self.document)))))
        _drip(connection, self.document, 0.2)
        return True

    def _endless(self, connection: socket.socket) -> bool:
        begins, goes_on = ENDLESS[self.mode]
        if self.mode == "endless_trailers":
            begins += b"%x\r\n%s\r\n0\r\n" % (len(self.document), self.document)
        connection.sendall(begins)
        for _ in range(MOST_SENT // len(goes_on)):
            connection.sendall(goes_on)
        return False

    def _malformed(self, connection: socket.socket) -> bool:
        connection.sendall(random.choice([*_MALFORMED, os.urandom(300)]))
        return False

    def _redirect(self, connection: socket.socket) -> bool:
        return self._send(connection, "302 Found", [("Location", self.redirect_to)], self.document)

    def _coded(self, connection: socket.socket) -> bool:
        coding, pack = CODED[self.mode]
        return self._send(connection, "200 OK", [("Content-Encoding", coding)], pack(self.document))

    def _wrong_length(self, connection: socket.socket) -> bool:
        connection.sendall(_begun(("Content-Length", str(len(self.document) + 100))) + self.document)
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
ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "endless": (_begun(("Content-Length", str(MOST_SENT))), _MEGABYTE),
    "endless_close": (_begun(("Connection", "close")), _MEGABYTE),
    "endless_error": (_head("500 Oops", [("Content-Length", str(MOST_SENT))]), _MEGABYTE),
    "endless_chunked": (_begun(_CHUNKED), b"100000\r\n" + _MEGABYTE + b"\r\n"),
    "endless_chunk_line": (_begun(_CHUNKED) + b"5;", _MEGABYTE),
    "endless_trailers": (_begun(_CHUNKED), _MANY_FIELDS),
    "endlesshdr": (b"HTTP/1.1 200 OK\r\n", _MANY_FIELDS),
    "endlessline": (b"HTTP/1.1 200 OK\r\nX-A: ", _MEGABYTE),
    "endless1xx": (b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 1000),
}
"""How each endless answer begins, and what comes then again and again."""
CODED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", lambda _: _bomb(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")),
    "deflate": ("deflate", lambda _: _bomb(b"")),
    "gzipped": ("gzip", gzip.compress),
    "br": ("br", lambda _: b"\x8b\x00\x80a\x03"),
}
"""The Content-Encoding of each body that nobody asked to be coded, and how it is made."""
MODES: dict[str, tuple[str, Callable[[HostileTarget, socket.socket], bool]]] = {
    "hang": ("answers nothing", HostileTarget._hang),
    "drip": ("sends one byte every 0.05 s", HostileTarget._drip_all),
    "dripbody": ("sends one byte of its body every 0.2 s", HostileTarget._drip_body),
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
    "gzip": ("768 MB compressed to less than a megabyte", HostileTarget._coded),
    "deflate": ("the same as raw deflate", HostileTarget._coded),
    "gzipped": ("the document, compressed though identity was asked for", HostileTarget._coded),
    "br": ("a body that says it is Brotli", HostileTarget._coded),
    "wrongcl": ("fewer bytes than Content-Length", HostileTarget._wrong_length),
}


@contextlib.contextmanager
def running_hostile_target(mode: str, good_reads: int, tls: ssl.SSLContext | None = None) -> Iterator[HostileTarget]:
    """A hostile target on a free port, for as long as the block lasts."""
    with HostileTarget(mode, good_reads, tls) as target:
        yield target
