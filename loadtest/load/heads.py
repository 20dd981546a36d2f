"""Heads of requests and answers, as a reader needs them: most are like one before, and are made, or read, once."""

from __future__ import annotations

from typing import Final, NamedTuple, Self

from loadtest.http1.address import Address
from loadtest.http1.answer import Answer
from loadtest.load.recorder import Recorder
from loadtest.run.spool_format import NO_ETAG
from loadtest.target.read_request import read_request

REQUEST_ID_HEADER: Final = b"x-amzn-requestid"
CODING: Final = b"content-encoding"


class Requests:
    """The requests of one reader, in bytes. Most are like one before."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._unconditional = read_request(address)
        self._etag: str | None = None
        self._conditional = b""

    def asking(self, etag: str | None) -> bytes:
        """The request; with ``etag``, only for a document that has another."""
        if etag is None:
            return self._unconditional
        if etag != self._etag:
            self._etag, self._conditional = etag, read_request(self._address, etag)
        return self._conditional


class Said(NamedTuple):
    """What a reader wants to know of a head."""

    fields: dict[bytes, bytes]
    etag: str | None
    etag_line: int
    request_id: str | None
    has_coding: bool

    @classmethod
    def of(cls, received: Answer, recorder: Recorder) -> Self:
        """What was received says; a new ETag goes to the recorder's table."""
        etag = received.field(b"etag") or None  # an empty field names nothing
        line = recorder.etag_line(etag)
        recorder.note_modified(line, received)
        return cls(
            received.fields,
            etag,
            line,
            received.field(REQUEST_ID_HEADER),
            CODING in received.fields,
        )


NOTHING_SAID: Final = Said({}, None, NO_ETAG, None, False)


class Heads:
    """What the heads of one reader's answers say; the last two are known, as one of 200 and one of 304."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._last = self._one_before = NOTHING_SAID

    def of(self, received: Answer) -> Said:
        """What the head of this answer says. Heads of the same bytes come as the same fields."""
        fields = received.fields
        if fields is not self._last.fields:
            self._last, self._one_before = self._one_before, self._last
            if fields is not self._last.fields:
                self._last = Said.of(received, self._recorder)
        return self._last
