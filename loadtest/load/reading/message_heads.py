"""Heads of requests and answers, as a reader needs them. Most repeat an earlier one, which is built or parsed once."""

from __future__ import annotations

from typing import Final, NamedTuple, Self

from loadtest.http1.address import Address
from loadtest.http1.answer import Answer
from loadtest.load.reading.recorder import Recorder
from loadtest.run.spool.spool_format import NO_ETAG
from loadtest.target.read_request import read_request

REQUEST_ID_HEADER: Final = b"x-amzn-requestid"
CODING: Final = b"content-encoding"


class ReaderRequests:
    """The requests of one reader, in bytes. The last conditional one is kept, for most repeat it."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._unconditional = read_request(address)
        self._etag: str | None = None
        self._conditional = b""

    def asking(self, etag: str | None) -> bytes:
        """The request; with ``etag``, for a document that has another ETag only."""
        if etag is None:
            return self._unconditional
        if etag != self._etag:
            self._etag, self._conditional = etag, read_request(self._address, etag)
        return self._conditional


class AnswerHead(NamedTuple):
    """What a reader needs from a head."""

    fields: dict[bytes, bytes]
    etag: str | None
    etag_line: int
    request_id: str | None
    has_coding: bool

    @classmethod
    def of(cls, received: Answer, recorder: Recorder) -> Self:
        """Taken from what was received. A new ETag goes into the recorder's table."""
        etag = received.field(b"etag") or None  # an empty field names nothing
        line = recorder.etag_line(etag)
        recorder.note_modified(line, received)
        return cls(received.fields, etag, line, received.field(REQUEST_ID_HEADER), CODING in received.fields)


_NO_HEAD: Final = AnswerHead({}, None, NO_ETAG, None, False)


class Heads:
    """The parsed heads of one reader's answers. The last two are kept: usually one of a 200 and one of a 304."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._last = self._one_before = _NO_HEAD

    def of(self, received: Answer) -> AnswerHead:
        """The head of this answer. Heads of the same bytes come with the same ``fields`` object."""
        fields = received.fields
        if fields is not self._last.fields:
            self._last, self._one_before = self._one_before, self._last
            if fields is not self._last.fields:
                self._last = AnswerHead.of(received, self._recorder)
        return self._last
