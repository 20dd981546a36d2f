"""An answer comes out the same however its bytes come in; and what is no answer is never taken for one."""

from __future__ import annotations

import h11
import pytest
from drawing import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from taken_in import LIMITS, Told, told

from loadtest.http1.answer import Limits
from loadtest.http1.chunks import MOST_LINE_BYTES
from loadtest.http1.head import Head
from loadtest.http1.incoming import MOST_INTERIM_ANSWERS, Incoming
from loadtest.http1.known_heads import MOST_KNOWN_HEADS, KnownHeads

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LENGTH_5 = b"Content-Length: 5\r\n\r\n"

WHOLE = {
    "length": (OK + LENGTH_5 + b"12345", 200, b"12345", False),
    "nothing": (OK + b"Content-Length: 0\r\n\r\n", 200, b"", False),
    "chunks": (CHUNKED + b"3\r\nabc\r\n00a\r\n0123456789\r\n0\r\n\r\n", 200, b"abc0123456789", False),
    "no chunk": (CHUNKED + b"0\r\n\r\n", 200, b"", False),
    "extensions": (CHUNKED + b'2 ; a="b"\r\nab\r\n0;c\r\n\r\n', 200, b"ab", False),
    "trailers": (CHUNKED + b"2\r\nab\r\n0\r\nETag: x\r\nDigest: y\r\n\r\n", 200, b"ab", False),
    "coding in capitals": (OK + b"TRANSFER-ENCODING: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 200, b"a", False),
    "interim answers": (
        CONTINUE + b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + OK + LENGTH_5 + b"12345",
        200,
        b"12345",
        False,
    ),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", False),
    "no content of a length": (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, b"", False),
    "not modified": (NOT_MODIFIED + b'ETag: "a"\r\n\r\n', 304, b"", False),
    "not modified of a length": (NOT_MODIFIED + LENGTH_5, 304, b"", False),
    "not modified in chunks": (NOT_MODIFIED + b"Transfer-Encoding: chunked\r\n\r\n", 304, b"", False),
    "closes": (OK + b"Connection: foo, Close\r\n" + LENGTH_5 + b"12345", 200, b"12345", True),
    "an old one closes": (b"HTTP/1.0 200 OK\r\n" + LENGTH_5 + b"12345", 200, b"12345", True),
    "an old one that stays": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + LENGTH_5 + b"12345",
        200,
        b"12345",
        False,
    ),
    "no reason": (b"HTTP/1.1 200\r\n" + LENGTH_5 + b"12345", 200, b"12345", False),
    "error": (b"HTTP/1.1 502 Bad Gateway\r\n" + LENGTH_5 + b"12345", 502, b"12345", False),
    "unheard-of status": (b"HTTP/1.1 799 What\r\n" + LENGTH_5 + b"12345", 799, b"12345", False),
    "bytes that are not ASCII": (
        b"HTTP/1.1 200 \xffb\xe9r\r\nX: \xfe\xff\r\n" + LENGTH_5 + b"12345",
        200,
        b"12345",
        False,
    ),
    "empty field": (OK + b"X-Empty:\r\n" + LENGTH_5 + b"12345", 200, b"12345", False),
    "as much as is wanted": (OK + b"Content-Length: 4096\r\n\r\n" + b"x" * 4096, 200, b"x" * 4096, False),
    "a chunk as large as is wanted": (CHUNKED + b"1000\r\n" + b"x" * 4096 + b"\r\n0\r\n\r\n", 200, b"x" * 4096, False),
}

BROKEN = {
    "nothing": (b"", "before the answer began"),
    "cut in the status line": (b"HTTP/1.1 20", "within the head"),
    "cut in the head": (OK + b"ETag: ", "within the head"),
    "cut behind an interim answer": (CONTINUE, "within the head"),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n", "not proper HTTP/1.1"),
    "no protocol": (b"\x00\xff\xfe\r\n\r\n", "not proper HTTP/1.1"),
    "a request": (b"GET / HTTP/1.1\r\n\r\n", "not proper HTTP/1.1"),
    "HTTP/2": (b"HTTP/2.0 200 OK\r\n\r\n", "not proper HTTP/1.1"),
    "HTTP/9.9": (b"HTTP/9.9 abc\r\n\r\n", "not proper HTTP/1.1"),
    "HTTP/0.9": (b"HTTP/0.9 200 OK\r\n\r\n", "not proper HTTP/1.1"),
    "RTSP": (b"RTSP/1.1 200 OK\r\n\r\n", "not proper HTTP/1.1"),
    "an empty line first": (b"\r\n" + OK + b"\r\n", "not proper HTTP/1.1"),
    "two empty lines first": (b"\r\n\r\n" + OK + b"\r\n", "not proper HTTP/1.1"),
    "status 000": (b"HTTP/1.1 000 X\r\n\r\n", "not proper HTTP/1.1"),
    "status 99": (b"HTTP/1.1 099 X\r\n\r\n", "not proper HTTP/1.1"),
    "status of five digits": (b"HTTP/1.1 99999 X\r\n\r\n", "not proper HTTP/1.1"),
    "bare line feeds": (b"HTTP/1.1 200 OK\nA: b\n\n", "not proper HTTP/1.1"),
    "a field without a name": (OK + b": a\r\n\r\n", "not proper HTTP/1.1"),
    "a field of two lines": (OK + b"A: b\r\n c\r\n\r\n", "not proper HTTP/1.1"),
    "a space before the colon": (OK + b"A : b\r\n\r\n", "not proper HTTP/1.1"),
    "a zero byte": (OK + b"A: b\0\r\n\r\n", "not proper HTTP/1.1"),
    "a negative length": (OK + b"Content-Length: -5\r\n\r\n", "not proper HTTP/1.1"),
    "a length that is no number": (OK + b"Content-Length: zz\r\n\r\n", "not proper HTTP/1.1"),
    "a length of 30 digits": (OK + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", "not proper HTTP/1.1"),
    "two lengths": (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456", "not proper HTTP/1.1"),
    "length and chunks": (OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "not proper HTTP/1.1"),
    "a coding that nobody asked for": (
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        "nobody asked for: gzip, chunked",
    ),
    "another protocol from here": (
        b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        "changed the protocol",
    ),
    "interim answers without end": (CONTINUE * 50, f"more than {MOST_INTERIM_ANSWERS} interim"),
    "a head without end": (OK + b"X-A: aaaaaaa\r\n" * 1000, "longer than 2,048"),
    "a field without end": (OK + b"X-A: " + b"a" * 9999, "longer than 2,048"),
    "a reason without end": (b"HTTP/1.1 200 " + b"a" * 9999, "longer than 2,048"),
}

BROKEN_BODIES = {
    "cut": (OK + LENGTH_5 + b"123", b"123", "ConnectionResetError: [Errno 104] the connection was cut within the body"),
    "cut at once": (OK + LENGTH_5, b"", "within the body"),
    "cut in a chunk": (CHUNKED + b"5\r\n123", b"123", "within the body"),
    "cut behind a chunk": (CHUNKED + b"3\r\n123\r\n", b"123", "within the body"),
    "cut in a size": (CHUNKED + b"3\r\n123\r\n1", b"123", "within the body"),
    "cut in the trailers": (CHUNKED + b"3\r\n123\r\n0\r\nA: b\r\n", b"123", "within the body"),
    "cut before the very end": (CHUNKED + b"3\r\n123\r\n0\r\n\r", b"123", "within the body"),
    "10 GB": (OK + b"Content-Length: 10737418240\r\n\r\n" + b"x" * 9999, b"", "a body of 10,737,418,240 bytes"),
    "one byte too many": (OK + b"Content-Length: 4097\r\n\r\n" + b"x" * 4097, b"", "4,097 bytes"),
    "a chunk too large": (CHUNKED + b"2\r\nab\r\nfff\r\n" + b"x" * 4096, b"ab", "longer than is wanted"),
    "a chunk of 16 digits": (CHUNKED + b"ffffffffffffffff\r\n", b"", "longer than is wanted"),
    "a chunk of 17 digits": (CHUNKED + b"fffffffffffffffff\r\n", b"", "size is not a number"),
    "chunks without end": (
        CHUNKED + b"400\r\n" + (b"x" * 1024 + b"\r\n400\r\n") * 9,
        b"x" * 4096,
        "longer than is wanted",
    ),
    "a size that is no number": (CHUNKED + b"ZZ\r\n", b"", "size is not a number"),
    "a negative size": (CHUNKED + b"-1\r\n", b"", "size is not a number"),
    "no size": (CHUNKED + b"\r\n", b"", "size is not a number"),
    "0x": (CHUNKED + b"0x3\r\nabc\r\n", b"", "size is not a number"),
    "a chunk longer than it says": (CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", b"abc", "does not end where it should"),
    "bare line feeds": (CHUNKED + b"3\nabc\n0\n\n" + b"x" * MOST_LINE_BYTES, b"", "does not end where it should"),
    "an extension without end": (CHUNKED + b"1;" + b"x" * 9999, b"", "does not end where it should"),
    "extensions without end": (CHUNKED + (b"1;" + b"x" * 4000 + b"\r\na\r\n") * 10, b"aaaa", "more stands between"),
    "trailers without end": (CHUNKED + b"0\r\n" + b"A: b\r\n" * 999, b"", "trailers are longer"),
    "a trailer without end": (CHUNKED + b"0\r\nA: " + b"b" * 9999, b"", "trailers are longer"),
}

STREAMS = [case[0] for table in (WHOLE, BROKEN, BROKEN_BODIES) for case in table.values()]


@pytest.mark.parametrize("stream, status, body, closes", WHOLE.values(), ids=WHOLE)
def test_a_whole_answer(stream: bytes, status: int, body: bytes, closes: bool) -> None:
    answer = told(stream)
    assert (answer.status, answer.body, answer.closes, answer.failure) == (status, body, closes, "")
    assert answer.answered and answer.behind == b""


@pytest.mark.parametrize("stream, words", BROKEN.values(), ids=BROKEN)
def test_what_is_no_answer(stream: bytes, words: str) -> None:
    answer = told(stream)
    assert (answer.status, answer.body, answer.closes) == (0, b"", True)
    assert words in answer.failure


@pytest.mark.parametrize("stream, body, words", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
def test_an_answer_whose_body_is_broken_has_its_status_and_what_came(stream: bytes, body: bytes, words: str) -> None:
    answer = told(stream)
    assert (answer.status, answer.body, answer.closes) == (200, body, True)
    assert words in answer.failure


@pytest.mark.parametrize("stream", STREAMS)
def test_it_makes_no_difference_whether_every_byte_comes_alone(stream: bytes) -> None:
    assert told(stream, list(range(len(stream)))) == told(stream)


@st.composite
def streams_and_cuts(draw: st.DrawFn) -> tuple[bytes, list[int]]:
    """A known stream, several, one that is damaged, or anything; and where it is cut."""
    stream = draw(
        st.one_of(
            st.sampled_from(STREAMS),
            st.lists(st.sampled_from(STREAMS), min_size=2, max_size=3).map(b"".join),
            st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(b"".join),
            st.binary(max_size=200),
        )
    )
    if stream and draw(st.booleans()):
        at = draw(st.integers(0, len(stream) - 1))
        stream = (
            stream[:at]
            + draw(st.sampled_from([b"", b"\r", b"\n", b"\r\n", b" ", b"\0", b"0", b"\xff"]))
            + stream[at + 1 :]
        )
    return stream, draw(st.lists(st.integers(0, len(stream)), max_size=8))


FRAGMENTS = [
    OK,
    NOT_MODIFIED,
    b"HTTP/1.0 200 OK\r\n",
    b"HTTP/1.1 ",
    b"\r\n",
    b"\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"12345",
    b"X:\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"5\r\n",
    b"0\r\n",
    b"1;x\r\n",
    b"Connection: close\r\n",
    b'ETag: "a"\r\n',
    b" ",
    b":",
]


@settings(max_examples=examples(500))
@given(streams_and_cuts(), st.booleans(), st.booleans())
@example((CHUNKED + b"3\r\nabc\r\n0\r\n\r\n" + b"HTTP/1.1 200", [60, 61, 62]), False, True)
def test_any_split_gives_the_same(case: tuple[bytes, list[int]], is_head: bool, lazily: bool) -> None:
    stream, cuts = case
    at_once = told(stream, is_head=is_head)
    split = told(stream, cuts, is_head=is_head, lazily=lazily)
    assert split == at_once


@settings(max_examples=examples(200))
@given(st.lists(st.tuples(streams_and_cuts(), st.booleans()), min_size=2, max_size=4), st.data())
def test_what_came_before_makes_no_difference(
    cases: list[tuple[tuple[bytes, list[int]], bool]], data: st.DataObject
) -> None:
    incoming = Incoming(LIMITS)
    for (stream, cuts), is_head in [*cases, data.draw(st.sampled_from(cases)), data.draw(st.sampled_from(cases))]:
        assert told(stream, cuts, is_head=is_head, incoming=incoming) == told(stream, is_head=is_head)


@pytest.mark.parametrize("kept", [1, MOST_KNOWN_HEADS])
@pytest.mark.parametrize("connections", [1, 3])
def test_heads_of_the_same_bytes_are_parsed_once(monkeypatch: pytest.MonkeyPatch, kept: int, connections: int) -> None:
    known, fed = KnownHeads(), []
    incoming = [Incoming(known=known) for _ in range(connections)]
    feed = Head.feed
    monkeypatch.setattr(Head, "feed", lambda head, piece: (fed.append(bytes(piece)), feed(head, piece))[1])
    heads = [OK + b"X: %d\r\n" % number + LENGTH_5 for number in range(kept)]
    for number, head in enumerate(heads * 3):
        incoming[number % connections].expect()
        assert _take(incoming[number % connections], head + b"12345").field(b"x") == head[20:21].decode()
    assert fed == heads


@settings(max_examples=examples(300))
@given(streams_and_cuts())
def test_what_is_taken_for_an_answer_is_one_for_another_parser_too(case: tuple[bytes, list[int]]) -> None:
    """h11 is laxer: whatever is whole here is whole there, with the same body and the same bytes behind it."""
    stream, cuts = case
    ours = told(stream, cuts, limits=Limits(2048, 100_000))
    if ours.failure:
        return
    theirs = h11.Connection(h11.CLIENT, max_incomplete_event_size=100_000)
    theirs.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    theirs.send(h11.EndOfMessage())
    theirs.receive_data(stream)
    if not ours.answered:
        theirs.receive_data(b"")
    body = b""
    try:
        while not isinstance(event := theirs.next_event(), h11.EndOfMessage):
            assert not isinstance(event, h11.NEED_DATA)
            if isinstance(event, h11.Response):
                assert event.status_code == ours.status
            body += event.data if isinstance(event, h11.Data) else b""
    except h11.RemoteProtocolError as error:
        assert "illegal" in str(error) or "multiple" in str(error), error  # stricter about the spelling of fields
        return
    assert (body, theirs.trailing_data[0]) == (ours.body, ours.behind)


def test_a_body_until_the_end_of_the_connection() -> None:
    assert told(OK + b"\r\n12345") == Told(200, (), b"12345", b"", True, "", False)
    too_long = told(OK + b"\r\n" + b"x" * 9999, [20, 30])
    assert (too_long.body, too_long.answered) == (b"x" * 4096, True)
    assert "longer than is wanted" in too_long.failure


@pytest.mark.parametrize("answer", [OK + LENGTH_5 + b"12345", CHUNKED + b"5\r\n12345\r\n0\r\n\r\n"])
@pytest.mark.parametrize("behind", [b"x", b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 5000])
def test_bytes_behind_an_answer_are_no_part_of_it_or_of_the_next(answer: bytes, behind: bytes) -> None:
    found = told(answer + behind)
    assert (found.body, found.behind, found.closes, found.failure) == (b"12345", behind, True, "")


@pytest.mark.parametrize("head", [NOT_MODIFIED + LENGTH_5, b"HTTP/1.1 204 No Content\r\n\r\n"])
def test_an_answer_that_has_no_body_never_gets_one(head: bytes) -> None:
    found = told(head + b"12345")
    assert (found.body, found.behind, found.closes) == (b"", b"12345", True)


def test_the_answer_to_a_head_has_no_body() -> None:
    found = told(OK + b"Content-Length: 10737418240\r\n\r\n", is_head=True)
    assert (found.status, found.body, found.failure, found.closes) == (200, b"", "", False)
    assert told(OK + b"\r\n", is_head=True).answered
    assert told(OK + LENGTH_5 + b"12345", is_head=True).behind == b"12345"


def test_header_fields_are_kept_as_they_were_sent() -> None:
    incoming = Incoming()
    answer = _take(incoming, OK + b'ETag: "a"\r\nX-Latin: \xe9 \r\neTAG: "b"\r\nContent-Length: 0\r\n\r\n')
    assert answer.headers[:3] == [(b"ETag", b'"a"'), (b"X-Latin", b"\xe9 "), (b"eTAG", b'"b"')]
    assert (answer.field(b"etag"), answer.field(b"x-latin"), answer.field(b"x")) == ('"a", "b"', "é", None)


def test_an_answer_was_whole_when_its_last_byte_came() -> None:
    incoming = Incoming()
    assert _take(incoming, OK + LENGTH_5, b"12", b"345").returned_ns == 3
    incoming.expect()
    for at_ns, piece in enumerate((OK, LENGTH_5, b"12345", b"rubbish"), start=1):
        _put(incoming, piece, at_ns)
    answer = incoming.parse()
    assert answer is not None
    assert (answer.returned_ns, answer.excess) == (3, b"rubbish")


def test_nothing_is_to_be_parsed_while_a_body_of_known_length_is_not_whole() -> None:
    incoming = Incoming()
    assert _put(incoming, OK + LENGTH_5, 1)
    assert incoming.parse() is None
    assert not _put(incoming, b"1234", 2)
    assert _put(incoming, b"5", 3)


def test_bodies_lie_in_the_same_room() -> None:
    incoming = Incoming(likely_body_bytes=4096)
    stream = OK + b"Content-Length: 4096\r\n\r\n" + b"x" * 4096
    rooms = []
    for _ in range(2):
        incoming.expect()
        answer = _take(incoming, stream)
        assert answer.body_is(b"x" * 4096)
        assert not answer.body_is(b"x" * 4095)
        assert not answer.body_is(b"x" * 4095 + b"y")
        rooms.append(answer.room)
    assert rooms[0] is rooms[1]


@pytest.mark.parametrize("stream", [case[0] for case in (*BROKEN.values(), *BROKEN_BODIES.values())])
def test_no_answer_takes_more_room_than_is_allowed(stream: bytes) -> None:
    incoming = Incoming(LIMITS)
    for _ in range(50):
        for at in range(0, len(stream), 1000):
            if _put(incoming, stream[at : at + 1000], 1) and incoming.parse() is not None:
                incoming.expect()
    assert len(incoming.space().obj) <= LIMITS.head_bytes + LIMITS.body_bytes + 4 * MOST_LINE_BYTES  # type: ignore[arg-type]


def _put(incoming: Incoming, piece: bytes, at_ns: int) -> bool:
    incoming.space()[: len(piece)] = piece
    return incoming.took(len(piece), at_ns)


def _take(incoming: Incoming, *pieces: bytes):
    answer = None
    for at_ns, piece in enumerate(pieces, start=1):
        if _put(incoming, piece, at_ns):
            answer = incoming.parse()
    assert answer is not None
    return answer
