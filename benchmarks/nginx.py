"""An nginx that serves one document on loopback: the fastest peer a reader can meet here."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; default_type application/json;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; location = {status} {{ stub_status; }} }}
}}
"""

STATUS_PATH = "/status"
"""Where nginx tells how many requests it has taken (its stub_status page)."""


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def installed() -> bool:
    """Whether there is an nginx on this machine."""
    return _program() is not None


def _program() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def nginx_serving(body: bytes, path: str = "v1/samples", core: int | None = None) -> Iterator[str]:
    """Serve ``body`` at ``/v1/samples``, pinned to ``core``; gives the address of the document."""
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
        configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, status=STATUS_PATH))
        pin = ["taskset", "-c", str(core)] if core is not None else []
        process = subprocess.Popen([*pin, program, "-p", name, "-c", str(configuration)], stderr=subprocess.DEVNULL)
        try:
            _wait_until_listening(port, process)
            yield f"http://127.0.0.1:{port}/{path}"
        finally:
            process.terminate()
            process.wait(10)


def _wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nginx did not listen on port {port} within 10 s.")
