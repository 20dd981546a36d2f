"""The records of a run: the fields of one read, one write and one window.

This module is all that recording and judging share. All times are
nanoseconds of the master's ``time.monotonic_ns()`` (CLOCK_MONOTONIC, shared by the processes of one host). Intervals
are closed and conservative: ``called_ns`` is taken before the first byte is sent, ``returned_ns`` after the last byte
is read. For a worker with another clock both are moved outwards by the uncertainty of that clock (``widening_ns``).
"""

from __future__ import annotations

import hashlib
from enum import IntEnum, StrEnum
from typing import Any, Final

import numpy as np

FORMAT_VERSION: Final = 2
"""Version of the run directory's files, in ``run.json`` and ``summary.json``. A reader refuses a newer one."""

SEVERAL_ADDRESSES_FORMAT: Final = 3
"""That of a run whose reads were made at several addresses."""

SEVERAL_OBJECTS_FORMAT: Final = 4
"""That of a run whose addresses are of several objects; what is known up to here is read."""

NO_VERSION: Final = -1
"""No version: the answer was an error, or the request or the answer carried no ETag."""

UNKNOWN_VERSION: Final = -2
"""There was an ETag, but it is not known what it names: no PUT returned it, and no whole document came with it."""

SECOND_ETAG: Final = -3
"""An ETag of the version in the body, which got another one before and after: two ETags for one document by turns.
Of a condition: the ETag that the version had before the target changed its ETags, once."""

UNSEEN_VERSION: Final = -4
"""A whole document of somebody else's publishing that no HEAD saw: it was published and replaced between two."""

UNDECIDED_VERSION: Final = -5
"""A whole document that is old, or was published once more between two HEADs: nothing proves which.
Of a condition: it named the same bytes under another ETag than the answer has, which may be another publication."""

NEVER_RETURNED: Final = np.iinfo(np.int64).max
"""``returned_ns`` of a write whose outcome is unknown: it may take effect at any later time."""


class ReadOutcome(IntEnum):
    """What one answer turned out to be. Only WHOLE and NOT_MODIFIED show a version.

    Long columns are compared with the ``value`` of a member: for the member itself, which NumPy takes for 64 bits, it
    would make a copy of the column that is eight times as wide.
    """

    WHOLE = 0
    """200 with a document of this run that passes its own digest."""
    NOT_MODIFIED = 1
    """304 to a conditional request: a read of the version whose document the reader held when it asked."""
    TORN = 2
    """200 with a mix of two or more versions."""
    TRUNCATED = 3
    """200 with a proper prefix of a document (the empty body included), or fewer bytes than Content-Length."""
    CORRUPT = 4
    """200 with anything else that has something of a document in it and fails its digest."""
    ETAG_MISMATCH = 5
    """200 with a whole document whose ETag header names another version of this run."""
    FOREIGN = 6
    """200 with what somebody else certainly put there: a whole document of another run, or, where the ETags of our own
    are MD5s, a body whose ETag is its MD5."""
    UNASKED_NOT_MODIFIED = 7
    """304 to a request that carried no condition."""
    NOT_MODIFIED_WITH_BODY = 8
    """304 that carried bytes of a body."""
    NOT_FOUND = 9
    """404: the object is missing."""
    FORBIDDEN = 10
    """401 or 403."""
    THROTTLED = 11
    """429."""
    CLIENT_ERROR = 12
    """Any other 4xx, and any status below 400 that a read does not expect (a redirect, say)."""
    SERVER_ERROR = 13
    """5xx."""
    REFUSED = 14
    """Transport: the connection could not be opened."""
    RESET = 15
    """Transport: the connection was lost before the head of the answer had come. In the body of a 200: TRUNCATED."""
    TIMED_OUT = 16
    """Transport: no whole answer within the time limit."""
    TRANSPORT_ERROR = 17
    """Transport: anything else (a name that does not resolve, TLS, a malformed answer)."""
    ABANDONED = 18
    """Still unanswered when the run had stopped and the time that readers get to finish was over; or given up before,
    by a time limit of a subclass of the reader or by an error in it."""
    NOT_SENT = 19
    """Due before the run stopped, but no reader was free to send it: the generator is at fault, or the target froze.
    ``called_ns`` and ``returned_ns`` are the end of the run; the response time is longer than their difference."""
    OVERSIZED = 20
    """200 with more bytes than any document of the run may have; it was not read to its end."""
    REWRITTEN = 21
    """200 with a document of this run that something on the way spelled anew (pretty-printed, a byte-order mark)."""
    UNRECOGNISED = 22
    """200 with something that is not a document of a run: an error page, an empty object."""
    OTHER_OBJECT = 23
    """200 with a whole document that this run wrote to another of its objects: a crossed mapping."""


BROKEN_OUTCOMES: Final = (
    ReadOutcome.TORN,
    ReadOutcome.TRUNCATED,
    ReadOutcome.CORRUPT,
    ReadOutcome.OVERSIZED,
    ReadOutcome.REWRITTEN,
    ReadOutcome.UNRECOGNISED,
    ReadOutcome.OTHER_OBJECT,
)
"""A 200 whose body is not, byte for byte, one version of the document that is served there."""

ERROR_OUTCOMES: Final = tuple(
    outcome for outcome in ReadOutcome if ReadOutcome.NOT_FOUND <= outcome < ReadOutcome.NOT_SENT
)
"""Requests that were sent and got no document. They are recorded and counted, but show no version and no body."""


class WriteOutcome(IntEnum):
    """What is known of one PUT."""

    ACKED = 0
    """The store acknowledged it: it took effect between called and returned."""
    REFUSED = 1
    """A definite 4xx: it did not happen."""
    UNKNOWN = 2
    """Timeout, lost connection or 5xx: it may take effect at any time after called."""


OTHERS_WROTE: Final = "SomebodyElseWrote: "
"""How the error of a PUT begins that stayed refused because what was there was not what the run had put there last."""


class WindowKind(IntEnum):
    """What the writer does in a window."""

    QUIET = 0
    WRITING = 1
    REST = 2
    """Quiet for several windows: long enough to see what PUTs leave behind, and the level that they do not touch."""


class Verdict(StrEnum):
    """Worst first: FAIL, INCONCLUSIVE, PASS. Skipping is never passing."""

    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    PASS = "PASS"  # noqa: S105 - not a password


EXIT_CODES: Final = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 3}

READ_DTYPE: Final = np.dtype(
    [
        ("worker", "<u2"),  # the Locust process that made the read
        ("session", "<u4"),  # one reader with one request in flight; unique within its worker
        ("scheduled_ns", "<i8"),  # when it was due (= called_ns in a closed loop)
        ("called_ns", "<i8"),
        ("returned_ns", "<i8"),
        ("status", "<u2"),  # 0 = transport error
        ("version", "<i4"),  # of the document in the body; that the reader held, for a 304; else NO_VERSION
        ("etag_version", "<i4"),  # that the answer's ETag names; NO_VERSION = none; UNKNOWN_VERSION; SECOND_ETAG
        ("sent_version", "<i4"),  # that the reader held and sent the ETag of; NO_VERSION = unconditional; SECOND_ETAG
        ("body_bytes", "<u4"),
        ("outcome", "u1"),  # ReadOutcome
        ("address", "u1"),  # which of the run's addresses was asked; 0 is the first, and that of runs that had one
        ("widening_ns", "<i8"),  # how much longer called … returned is than the read took; 0 on the master's clock
    ]
)
"""One row of ``reads.parquet``. Rows are in no particular order."""

WRITE_DTYPE: Final = np.dtype(
    [
        ("version", "<i4"),
        ("scheduled_ns", "<i8"),
        ("called_ns", "<i8"),
        ("returned_ns", "<i8"),  # NEVER_RETURNED when the outcome is unknown
        ("outcome", "u1"),  # WriteOutcome
        ("etag", "O"),  # str as the store sent it, quotes included; "" when there is none
        ("bytes", "<u4"),
        ("error", "O"),  # str, "" when there is none; never holds a secret
        ("gave_up_ns", "<i8"),  # when the client gave an unknown one up; 0 = not known (older runs, a killed writer)
    ]
)
"""One row of ``writes.parquet``, in order of version."""

REQUEST_DTYPE: Final = np.dtype(
    [
        ("worker", "<u2"),
        ("session", "<u4"),  # WRITER_SESSION for a PUT
        ("called_ns", "<i8"),
        ("request_id", "O"),  # str, as the target named the request (x-amzn-RequestId, x-amz-request-id)
    ]
)
"""One row of ``requests.parquet``: how the target names a PUT, or a read that looked wrong while running."""

WRITER_SESSION: Final = 2**32 - 2
"""The session number that stands for the writer."""

WINDOW_DTYPE: Final = np.dtype(
    [
        ("index", "<i4"),
        ("pair", "<i4"),
        ("kind", "u1"),  # WindowKind
        ("start_ns", "<i8"),  # guard time already cut at both ends
        ("end_ns", "<i8"),
    ]
)
"""One row of ``windows.parquet``: whole windows only, in order of time."""

GENERATOR_DTYPE: Final = np.dtype(
    [
        ("worker", "<u2"),
        ("at_ns", "<i8"),
        ("loop_delay_ns", "<i8"),  # how late the event loop woke this sample
        ("cpu_ns", "<i8"),  # CPU time of the process so far
        ("gc_ns", "<i8"),  # time spent in garbage collection so far
        ("flush_ns", "<i8"),  # time spent flushing the spool so far
    ]
)
"""One row of ``generator.parquet``: a sample of the load generator's own health, about 50 a second a process."""

SAMPLE_INTERVAL_NS: Final = 20_000_000
"""From when a sample is taken to when the next one is due."""


def outcome_names() -> dict[str, dict[str, int]]:
    """The enums as in ``run.json``, so that the Parquet files can be read without this code."""

    def names(enum: type[IntEnum]) -> dict[str, int]:
        return {member.name.lower().replace("_", "-"): int(member) for member in enum}

    return {"read": names(ReadOutcome), "write": names(WriteOutcome), "window": names(WindowKind)}


def empty(dtype: np.dtype[Any], size: int = 0) -> np.ndarray[Any, np.dtype[Any]]:
    """An array of ``size`` zeroed records of ``dtype``."""
    return np.zeros(size, dtype=dtype)


LONGEST_ETAG: Final = 256
"""Longer ETags are kept as digests, because a target may send a new one of any length with each answer."""


def opaque(etag: str) -> str:
    """The part of an ETag that is compared: without a weak mark and without quotes; the digest of a long one."""
    bare = etag.strip()
    bare = bare[2:] if bare[:2] in ("W/", "w/") else bare
    bare = bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] == '"' else bare
    return bare if len(bare) <= LONGEST_ETAG else hashlib.sha256(bare.encode(errors="surrogatepass")).hexdigest()


def outcome_name(outcome: ReadOutcome | WriteOutcome) -> str:
    """The name of an outcome as in ``run.json``."""
    return outcome.name.lower().replace("_", "-")
