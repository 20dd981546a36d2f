"""The Locust user that reads: what it sends, and what it makes of answers that a site may give."""

import hashlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from locust_readers import a_reader, failures, plan_for
from spooled_runs import RUN, SIZE, spooled_reads

from loadtest.load.reading.reader import SamplesReader, turns
from loadtest.load.reading.recorder import MOST_MESSAGES
from loadtest.run.documents.made_up import render
from loadtest.run.records import ReadOutcome
from loadtest.run.spool.spool_format import NO_ETAG
from tests.loadtest.http1.targets import Target

UNKNOWN_ENCODING = ("Content-Encoding", "zstd")
TWO_ETAGS = [("ETag", '"a"'), ("ETag", '"b"')]


class Site(Target):
    """A site that sets a cookie with every answer."""

    def __init__(self) -> None:
        self.status, self.body = 200, render(RUN, 0, SIZE)
        self.headers: list[tuple[str, str]] = [("Set-Cookie", "session=abc; Path=/")]
        self.cut_after: int | None = None
        self.chunked = False
        super().__init__(self._answer)

    def _answer(self, connection: socket.socket, number: int) -> None:
        while self.asked(connection):
            sent = self.body[: self.cut_after]
            length = ("Transfer-Encoding", "chunked") if self.chunked else ("Content-Length", str(len(self.body)))
            head = "".join(f"{name}: {value}\r\n" for name, value in (*self.headers, length))
            body = b"%x\r\n%b\r\n" % (len(sent), sent) if self.chunked else sent
            connection.sendall(f"HTTP/1.1 {self.status} Whatever\r\n{head}\r\n".encode("latin-1") + body)
            if self.cut_after is not None:
                return


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        yield made


@pytest.fixture
def reader(site: Site, tmp_path: Path) -> Iterator[SamplesReader]:
    """A reader of that site, in a closed loop."""
    with a_reader(plan_for(site.url, tmp_path)) as made:
        yield made


def test_reads_neither_keep_nor_send_cookies(reader: SamplesReader, site: Site) -> None:
    for _ in range(2):
        reader.wait_time()
        reader.read()
    assert [b"\r\ncookie:" in request.lower() for request in site.requests] == [False, False]


def test_an_empty_etag_is_none(reader: SamplesReader, site: Site, tmp_path: Path) -> None:
    site.headers = [("ETag", " ")]
    for _ in range(3):
        reader.wait_time()
        reader.read()
    assert [b"\r\nif-none-match:" in request.lower() for request in site.requests] == [False] * 3
    assert all_recorded(reader, tmp_path)["etag"].tolist() == [NO_ETAG] * 3


def test_reads_ask_for_the_bytes_as_they_are(reader: SamplesReader, site: Site) -> None:
    reader.read()
    assert b"\r\nAccept-Encoding: identity\r\n" in site.requests[0]


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


def all_recorded(reader: SamplesReader, run_dir: Path) -> np.ndarray:
    reader.environment.read_model.recorder().close()
    return spooled_reads(run_dir)


def recorded(reader: SamplesReader, run_dir: Path) -> np.void:
    (read,) = all_recorded(reader, run_dir)
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
    assert reader.environment.stats.total.num_failures == (outcome is not ReadOutcome.WHOLE)


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
    (failure,) = failures(reader)
    assert "rewritten: a byte-order mark before it" in failure


def test_a_target_that_fails_in_a_new_way_each_time_fills_no_list(reader: SamplesReader, site: Site) -> None:
    for number in range(MOST_MESSAGES + 20):
        site.headers = [("Content-Encoding", f"coding-{number}")]
        reader.read()
    said = failures(reader)
    assert len(said) == MOST_MESSAGES + 1
    assert said[-1].endswith("unrecognised")


def test_a_body_that_its_etag_shows_in_the_store_is_foreign(reader: SamplesReader, site: Site, tmp_path: Path) -> None:
    def serve(body: bytes) -> None:
        site.body, site.headers = body, [("ETag", f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"')]

    serve(site.body)
    reader.read()
    serve(b'{"hello":"world"}')
    reader.read()
    assert all_recorded(reader, tmp_path)["outcome"].tolist() == [ReadOutcome.WHOLE, ReadOutcome.FOREIGN]
