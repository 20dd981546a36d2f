"""Answers of servers that nobody here wrote, read by two clients: this one and requests."""

import contextlib
import functools
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn

from benchmarks.nginx import installed, nginx_serving
from loadtest.http1.address import Address, request
from loadtest.http1.connection import Connection
from loadtest.run.documents.made_up import render
from loadtest.sandbox.process import running_sandbox

DOCUMENT = render("0123456789ab", 3, 300_000)
SYNTHESIZED = Path(__file__).resolve().parents[2] / "sandbox" / "synth" / "conditional.tf.json"


@contextlib.contextmanager
def python_s(folder: Path, protocol: str) -> Iterator[str]:
    """``python -m http.server``, as it is (HTTP/1.0), or told to keep connections."""
    (folder / "samples").write_bytes(DOCUMENT)
    handler = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler.protocol_version = protocol
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder))) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)  # it ends as soon
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/samples"
        server.shutdown()
        thread.join(10)


async def in_pieces(scope: Any, receive: Any, send: Any) -> None:
    """A document of unknown length, which uvicorn sends in chunks."""
    headers = [(b"etag", b'"a"'), (b"etag", b'"b"')]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for start in range(0, len(DOCUMENT), 10_000):
        await send({"type": "http.response.body", "body": DOCUMENT[start : start + 10_000], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@contextlib.contextmanager
def uvicorn_s(parser: str) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(in_pieces, http=parser, lifespan="off", log_level="error"))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/samples"
    server.should_exit = True
    thread.join(10)


@contextlib.contextmanager
def moto_s() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # takes more than a second

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}/moto-api/data.json".format(*server.get_host_and_port())
    server.stop()


@contextlib.contextmanager
def sandbox_s() -> Iterator[str]:
    with running_sandbox(SYNTHESIZED) as sandbox:
        yield sandbox.samples_url


@contextlib.contextmanager
def a_server(name: str, folder: Path) -> Iterator[str]:
    if name == "nginx" and not installed():
        pytest.skip("nginx is not installed")
    made = {
        "http.server": lambda: python_s(folder, "HTTP/1.0"),
        "http.server, kept": lambda: python_s(folder, "HTTP/1.1"),
        "uvicorn": lambda: uvicorn_s("httptools"),
        "uvicorn on h11": lambda: uvicorn_s("h11"),
        "nginx": lambda: nginx_serving(DOCUMENT),
        "moto": moto_s,
        "sandbox": sandbox_s,
    }
    with made[name]() as url:
        yield url


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("http.server", False),
        ("http.server, kept", True),
        ("uvicorn", True),
        ("uvicorn on h11", True),
        ("nginx", True),
        ("moto", None),
        ("sandbox", True),
    ],
)
def test_two_clients_read_the_same(name: str, kept: bool | None, tmp_path: Path) -> None:
    with a_server(name, tmp_path) as url:
        address = Address.of(url)
        headers = [("Host", address.authority), ("Accept-Encoding", "identity")]
        ask = request("GET", address.target, headers)
        with contextlib.closing(Connection(address)) as connection:
            for number in range(3):
                theirs = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=10)
                ours = connection.exchange(ask, 10)
                assert ours.failure is None
                assert (ours.status, bytes(ours.body), ours.excess) == (theirs.status_code, theirs.content, b"")
                assert ours.field(b"etag") == theirs.headers.get("ETag")
                assert connection.unasked == b""
                assert kept is None or connection.reused is (kept and number > 0)
            head = connection.exchange(request("HEAD", address.target, headers), 10, is_head=True)
            assert (head.failure, head.body_bytes, head.excess) == (None, 0, b"")
            etag = ours.field(b"etag")
            if etag and ours.status == 200 and "uvicorn" not in name:
                unchanged = connection.exchange(request("GET", address.target, [*headers, ("If-None-Match", etag)]), 10)
                assert (unchanged.status, unchanged.body_bytes, unchanged.excess) == (304, 0, b"")
