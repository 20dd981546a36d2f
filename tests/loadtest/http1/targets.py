"""Targets on loopback that send exactly the bytes a test wants, over TLS or not; and a certificate for them."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from cryptography import x509

from benchmarks.nginx import write_certificate

Serve = Callable[[socket.socket, int], None]


class Target:
    """Calls ``serve`` with each connection that is made, and its number; counts them."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._serve, self._tls = serve, tls
        self._listener = socket.create_server(("127.0.0.1", port), backlog=500)
        self.port = int(self._listener.getsockname()[1])
        self.connections: list[socket.socket] = []
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def endpoint(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.endpoint}/v1/samples"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._run, args=(connection, len(self.connections)), daemon=True).start()

    def _run(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), connection:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._serve(connection, number)
            connection.close()

    def asked(self, connection: socket.socket) -> bool:
        """Whether another request came over a connection."""
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            piece = connection.recv(65536)
            if not piece:
                return False
            data += piece
        self.requests.append(data)
        return True

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)


@contextlib.contextmanager
def answering(*answers: bytes, closes: bool = False, tls: ssl.SSLContext | None = None) -> Iterator[Target]:
    """Answers each request of a connection with the next of ``answers``, the last one again and again."""

    def serve(connection: socket.socket, number: int) -> None:
        place = 0
        while target.asked(connection):
            connection.sendall(answers[min(place, len(answers) - 1)])
            place += 1
            if closes and place == len(answers):
                return

    with Target(serve, tls) as target:
        yield target


def answer(body: bytes = b"", *fields: str, status: str = "200 OK") -> bytes:
    """An answer with these header fields and the length of its body."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields)
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def certificate_in(folder: Path, *names: x509.GeneralName) -> ssl.SSLContext:
    """What a target shows; ``folder / "certificate.pem"`` is to be trusted for it."""
    write_certificate(folder, *names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
