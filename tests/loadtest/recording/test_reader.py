"""The Locust user that reads: what it sends, and what it makes of answers that a site may give."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from locust.env import Environment

from benchmarks.reader_load import closed_loop
from loadtest.payload import render
from loadtest.recording.reader import SamplesReader
from loadtest.recording.recorder import Recorder
from loadtest.recording.spool import SPOOLED_READ_DTYPE, load_records
from loadtest.recording.watchful_response import turns

RUN, SIZE = "0123456789ab", 512


class Site(http.server.ThreadingHTTPServer):
    """A site that sets a cookie with every answer, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[dict[str, str]] = []


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers))
        body = render(RUN, 0, SIZE)
        self.send_response(200)
        self.send_header("Set-Cookie", "session=abc; Path=/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that runs while a test does."""
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


@pytest.fixture
def reader(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SamplesReader]:
    """A reader of that site, in a closed loop."""
    url = f"http://127.0.0.1:{site.server_port}/v1/samples"
    monkeypatch.setattr(SamplesReader, "host", url)
    recorder = Recorder(closed_loop(url, RUN, str(tmp_path), SIZE), 0)
    environment = Environment(user_classes=[SamplesReader])
    environment.read_model = SimpleNamespace(recorder=lambda: recorder)
    environment.create_local_runner()
    user = SamplesReader(environment)
    user.on_start()
    yield user
    recorder.close()


def test_reads_neither_keep_nor_send_cookies(reader: SamplesReader, site: Site) -> None:
    for _ in range(2):
        reader.wait_time()
        reader.read()
    assert ["Cookie" in asked for asked in site.asked] == [False, False]


def test_reads_ask_for_the_bytes_as_they_are(reader: SamplesReader, site: Site) -> None:
    reader.read()
    assert site.asked[0]["Accept-Encoding"] == "identity"


def test_a_read_has_returned_before_its_answer_waits_for_its_turn(
    reader: SamplesReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int] = []
    monkeypatch.setattr(turns, "wait", lambda: waited.append(time.monotonic_ns()))
    reader.read()
    reader.environment.read_model.recorder().close()
    (file,) = (tmp_path / "spool").glob("*.reads")
    (read,) = load_records(file, SPOOLED_READ_DTYPE)
    assert read["called_ns"] < read["returned_ns"] <= waited[-1]
