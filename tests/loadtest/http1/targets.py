"""Targets on loopback that send exactly the bytes a test wants, over TLS or not; and a certificate for them."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Serve = Callable[[socket.socket, int], None]


class Target:
    """Calls ``serve`` with each connection that is made, and its number; counts them."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None = None) -> None:
        self._serve, self._tls = serve, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections: list[socket.socket] = []
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/v1/samples"

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

    target = Target(serve, tls)
    try:
        yield target
    finally:
        target.close()


def certificate_in(folder: Path, *names: x509.GeneralName) -> ssl.SSLContext:
    """What a target shows; ``folder / "certificate.pem"`` is to be trusted for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a target")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names or (LOOPBACK,)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, secret = folder / "certificate.pem", folder / "key.pem"
    shown.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, secret)
    return context


LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
