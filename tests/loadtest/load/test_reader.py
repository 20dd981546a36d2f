"""The Locust user that reads: what it sends, and what it makes of answers that a site may give."""

from __future__ import annotations

import hashlib
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from locust.env import Environment

from benchmarks.reader_load import closed_loop
from loadtest.load.reader import SamplesReader, turns
from loadtest.load.recorder import MOST_MESSAGES, Recorder
from loadtest.run.documents.made_up import render
from loadtest.run.records import ReadOutcome
from loadtest.run.spool_format import NO_ETAG, SPOOLED_READ_DTYPE, load_records

RUN, SIZE = "0123456789ab", 512
UNKNOWN_ENCODING = ("Content-Encoding", "zstd")
TWO_ETAGS = [("ETag", '"a"'), ("ETag", '"b"')]


class Site(http.server.ThreadingHTTPServer):
    """A site that sets a cookie with every answer, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[dict[str, str]] = []
        self.status = 200
        self.body = render(RUN, 0, SIZE)
        self.headers: list[tuple[str, str]] = [("Set-Cookie", "session=abc; Path=/")]
        self.cut_after: int | None = None
        self.chunked = False


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers))
        self.send_response(self.server.status)
        body, cut = self.server.body, self.server.cut_after
        length = ("Transfer-Encoding", "chunked") if self.server.chunked else ("Content-Length", str(len(body)))
        for name, value in (*self.server.headers, length):
            self.send_header(name, value)
        self.end_headers()
        sent = body[:cut]
        self.wfile.write(b"%x\r\n%b\r\n" % (len(sent), sent) if self.server.chunked else sent)
        self.close_connection = cut is not None

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


def test_an_empty_etag_is_none(reader: SamplesReader, site: Site, tmp_path: Path) -> None:
    site.headers = [("ETag", " ")]
    for _ in range(3):
        reader.wait_time()
        reader.read()
    assert not any("If-None-Match" in asked for asked in site.asked)
    reader.environment.read_model.recorder().close()
    (file,) = (tmp_path / "spool").glob("*.reads")
    assert load_records(file, SPOOLED_READ_DTYPE)["etag"].tolist() == [NO_ETAG] * 3


def test_reads_ask_for_the_bytes_as_they_are(reader: SamplesReader, site: Site) -> None:
    reader.read()
    assert site.asked[0]["Accept-Encoding"] == "identity"


def test_a_read_has_returned_before_its_answer_waits_for_its_turn(
    reader: SamplesReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    take_turns = turns.ask

    def ask(go_on: Callable[[None], object]) -> None:
        asked.append(time.monotonic_ns())
        take_turns(go_on)

    monkeypatch.setattr(turns, "ask", ask)
    reader.read()
    read = recorded(reader, tmp_path)
    assert read["called_ns"] < read["returned_ns"] <= asked[-1]


def recorded(reader: SamplesReader, run_dir: Path) -> np.void:
    """The one read that was recorded."""
    reader.environment.read_model.recorder().close()
    (file,) = (run_dir / "spool").glob("*.reads")
    (read,) = load_records(file, SPOOLED_READ_DTYPE)
    return read


@pytest.mark.parametrize(
    ("status", "headers", "body", "outcome", "recorded_status"),
    [
        pytest.param(502, [], "Gerät".encode("latin-1"), ReadOutcome.SERVER_ERROR, 502, id="an error page in Latin-1"),
        pytest.param(404, [], b"\xff\xfe", ReadOutcome.NOT_FOUND, 404, id="a missing page that is no text"),
        pytest.param(200, [UNKNOWN_ENCODING], b"?", ReadOutcome.UNRECOGNISED, 200, id="an encoding nobody asked for"),
        pytest.param(200, TWO_ETAGS, render(RUN, 0, SIZE), ReadOutcome.WHOLE, 200, id="two ETags"),
    ],
)
def test_an_answer_that_the_client_does_not_expect_is_recorded_all_the_same(
    reader: SamplesReader,
    site: Site,
    tmp_path: Path,
    status: int,
    headers: list[tuple[str, str]],
    body: bytes,
    outcome: ReadOutcome,
    recorded_status: int,
) -> None:
    site.status, site.headers, site.body = status, headers, body
    reader.read()
    read = recorded(reader, tmp_path)
    assert (ReadOutcome(int(read["outcome"])), int(read["status"])) == (outcome, recorded_status)
    failures = reader.environment.stats.total.num_failures
    assert failures == (outcome is not ReadOutcome.WHOLE)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("came", [1, 400])
def test_what_came_of_a_document_that_was_cut_short_is_counted(
    reader: SamplesReader, site: Site, tmp_path: Path, came: int, chunked: bool
) -> None:
    site.cut_after, site.chunked = came, chunked
    reader.read()
    read = recorded(reader, tmp_path)
    assert ReadOutcome(int(read["outcome"])) is ReadOutcome.TRUNCATED
    assert (int(read["status"]), int(read["body_bytes"])) == (200, came)


def test_what_was_done_to_a_rewritten_document_is_said_in_locusts_list_of_failures(
    reader: SamplesReader, site: Site, tmp_path: Path
) -> None:
    site.body = b"\xef\xbb\xbf" + site.body
    reader.read()
    assert ReadOutcome(int(recorded(reader, tmp_path)["outcome"])) is ReadOutcome.REWRITTEN
    (failure,) = reader.environment.stats.errors.values()
    assert "rewritten: a byte-order mark before it" in str(failure.error)


def test_a_target_that_fails_in_a_new_way_each_time_fills_no_list(reader: SamplesReader, site: Site) -> None:
    for number in range(MOST_MESSAGES + 20):
        site.headers = [("Content-Encoding", f"coding-{number}")]
        reader.read()
    failures = [str(failure.error) for failure in reader.environment.stats.errors.values()]
    assert len(failures) == MOST_MESSAGES + 1
    assert failures[-1].endswith("unrecognised")


def test_a_body_that_its_etag_shows_in_the_store_is_foreign(reader: SamplesReader, site: Site, tmp_path: Path) -> None:
    def serve(body: bytes) -> None:
        site.body, site.headers = body, [("ETag", f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"')]

    serve(site.body)
    reader.read()
    serve(b'{"hello":"world"}')
    reader.read()
    reader.environment.read_model.recorder().close()
    (file,) = (tmp_path / "spool").glob("*.reads")
    assert load_records(file, SPOOLED_READ_DTYPE)["outcome"].tolist() == [ReadOutcome.WHOLE, ReadOutcome.FOREIGN]
