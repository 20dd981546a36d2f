"""An nginx that serves one document on loopback: the fastest peer a reader can meet here."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; default_type application/json;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  {number}
  server {{ listen 127.0.0.1:{port}; root {folder}/www; location = {status} {{ stub_status; }} }}
  {tls}
}}
"""
_TLS = """
  server {{
    listen 127.0.0.1:{port} ssl{protocol}; root {folder}/www;
    ssl_certificate {folder}/certificate.pem; ssl_certificate_key {folder}/key.pem;
    {directives}
  }}
"""

LISTENING_LIMIT_S = 60
_NUMBER = "add_header X-Amzn-RequestId $request_id;"

STATUS_PATH = "/status"
"""Where nginx shows how many requests it has taken (its stub_status page)."""


class Served(NamedTuple):
    """Where the document is, and where nginx counts the requests for it."""

    url: str
    status_url: str
    certificate: Path | None = None
    """What to trust, over TLS."""
    process: int = 0


_held: list[socket.socket] = []


def free_port() -> int:
    """A port on loopback that nobody listens on, and that nobody else is given until this process ends.

    It stays bound here, so the kernel gives it to no connection. A server that reuses addresses, as nginx and Locust
    do, can listen on it all the same.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _held.append(held)
    return int(held.getsockname()[1])


def installed() -> bool:
    return _program() is not None


def _program() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def nginx_serving(body: bytes, path: str = "v1/samples", core: int | None = None) -> Iterator[str]:
    """Serve ``body`` at ``/v1/samples``, pinned to ``core``; yields the address of the document."""
    with nginx_counting(body, path, core) as served:
        yield served.url


@contextmanager
def nginx_counting(
    body: bytes,
    path: str = "v1/samples",
    core: int | None = None,
    *,
    over_tls: bool = False,
    protocol: str = "",
    directives: str = "",
    numbered: bool = False,
) -> Iterator[Served]:
    """The same, over TLS too, and with the address where it counts. ``protocol`` and ``directives`` are TLS's.

    ``numbered`` is whether each answer has an id of its own.
    """
    program = _program()
    if program is None:
        raise RuntimeError("nginx is not installed: install it (Debian: apt-get install nginx-light).")
    with tempfile.TemporaryDirectory(prefix="nginx-") as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        document = folder / "www" / path
        document.parent.mkdir(parents=True)
        document.write_bytes(body)
        configuration = folder / "nginx.conf"
        tls_port, tls = free_port(), ""
        if over_tls:
            write_certificate(folder)
            tls = _TLS.format(folder=folder, port=tls_port, protocol=protocol, directives=directives)
        number = _NUMBER if numbered else ""
        configuration.write_text(
            _CONFIGURATION.format(folder=folder, port=port, status=STATUS_PATH, tls=tls, number=number)
        )
        pin = ["taskset", "-c", str(core)] if core is not None else []
        process = subprocess.Popen([*pin, program, "-p", name, "-c", str(configuration)], stderr=subprocess.DEVNULL)
        try:
            for listening in (port, tls_port) if over_tls else (port,):
                _wait_until_listening(listening, process)
            status_url = f"http://127.0.0.1:{port}{STATUS_PATH}"
            if over_tls:
                yield Served(
                    f"https://127.0.0.1:{tls_port}/{path}", status_url, folder / "certificate.pem", process.pid
                )
            else:
                yield Served(f"http://127.0.0.1:{port}/{path}", status_url, None, process.pid)
        finally:
            process.terminate()
            process.wait(10)


def write_certificate(folder: Path, *names: x509.GeneralName) -> None:
    """A key and a certificate for ``names`` (127.0.0.1, if there are none), as ``key.pem`` and ``certificate.pem``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a target")])
    now = datetime.datetime.now(datetime.UTC)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names or (loopback,)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + LISTENING_LIMIT_S
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nginx did not listen on port {port} within {LISTENING_LIMIT_S} s.")
