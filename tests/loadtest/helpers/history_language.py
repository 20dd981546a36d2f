"""A small language for histories: ``w1[0 10] a:r1[12 13] r0[20 22]``.

=====================  ================================================================================
``w1[0 10]``           write 1, called at 0, acknowledged at 10
``w1[0 ?]``            … of unknown outcome
``x1[0 10]``           … refused
``r1[12 13]``          a read of version 1 (200), by a session of its own
``a:r1[12 13]``        … by session a
``a:n1[12 13]``        … answered 304 to the ETag of version 1
``torn[12 13]``        a read with another outcome, by its name in ``run.json``; ``error`` is a 500
``r1[12 13 due=5]``    … with a field set: due, sent, etag, status, bytes, worker, version; ``sent=none`` is -1
``quiet3[0 100]``      the quiet window of pair 3; ``writing3[100 200]`` the writing one
=====================  ================================================================================

Times are nanoseconds from an arbitrary zero. Version 0 is acknowledged long before, unless ``w0`` is given.
"""

import re
from functools import cache
from itertools import zip_longest
from operator import itemgetter
from typing import Any

import numpy as np

from loadtest.run.history.history import History, Reads, Requests, Samples, Windows, Writes
from loadtest.run.history.run_info import RunInfo
from loadtest.run.history.validation import validated
from loadtest.run.records import (
    GENERATOR_DTYPE,
    NEVER_RETURNED,
    NO_VERSION,
    READ_DTYPE,
    WINDOW_DTYPE,
    WRITE_DTYPE,
    ReadOutcome,
    WriteOutcome,
    empty,
)
from loadtest.summary.findings import Witness

ZERO_NS = 1_000_000_000_000
PAYLOAD_BYTES = 1_000
Tables = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Reads, writes and windows."""
Row = dict[str, Any]
_TOKEN = re.compile(r"(?:(?P<session>\w+):)?(?P<what>[a-z-]+?)(?P<number>\d*)\[(?P<inside>[^\]]*)\]")
_STATUS = {
    ReadOutcome.NOT_FOUND: 404,
    ReadOutcome.FORBIDDEN: 403,
    ReadOutcome.THROTTLED: 429,
    ReadOutcome.CLIENT_ERROR: 400,
    ReadOutcome.SERVER_ERROR: 500,
    ReadOutcome.UNASKED_NOT_MODIFIED: 304,
    ReadOutcome.NOT_MODIFIED: 304,
    ReadOutcome.NOT_MODIFIED_WITH_BODY: 304,
}
_NAMES = {outcome.name.lower().replace("_", "-"): outcome for outcome in ReadOutcome} | {
    "r": ReadOutcome.WHOLE,
    "n": ReadOutcome.NOT_MODIFIED,
    "error": ReadOutcome.SERVER_ERROR,
}
SETTINGS: dict[str, Any] = {
    "write_interval": 0.5,
    "arrival_rate": 0.0,
    "conditional_share": 0.5,
    "window": 2.0,
    "max_staleness": 0.0,
    "impact_tolerance": 1.25,
}


def run_info(**settings: Any) -> RunInfo:
    """A run.json; ``settings`` replace the defaults."""
    return _run_info(settings) if settings else _usual_run_info()


@cache
def _usual_run_info() -> RunInfo:
    return _run_info({})


def _run_info(settings: dict[str, Any]) -> RunInfo:
    return RunInfo.model_validate(
        {
            "format": 1,
            "run": "0123456789ab",
            "started": "2026-01-01T00:00:00Z",
            "clock": {"name": "CLOCK_MONOTONIC"},
            "settings": SETTINGS | settings,
            "target": {"url": "http://127.0.0.1:1/v1/samples", "bucket": "data", "object_key": "payload.json"},
        }
    )


def samples(delays: list[int], worker: int = 0) -> np.ndarray:
    """Samples 20 ms apart; half of the time is CPU, a hundredth garbage collection, a thousandth flushing."""
    table = empty(GENERATOR_DTYPE, len(delays))
    at = np.arange(len(delays)) * 20_000_000
    table["worker"] = worker
    table["at_ns"] = ZERO_NS + at
    table["loop_delay_ns"] = delays
    table["cpu_ns"], table["gc_ns"], table["flush_ns"] = at // 2 + 5, at // 100 + 7, at // 1000 + 9
    return table


def history(text: str, *, samples: np.ndarray | None = None, info: RunInfo | None = None, **settings: Any) -> History:
    """The history that ``text`` describes, validated like a recorded one."""
    tables = parse(text)
    return build(*tables, samples=samples, info=info or run_info(**settings))


def build(
    reads: np.ndarray,
    writes: np.ndarray,
    windows: np.ndarray | None = None,
    *,
    samples: np.ndarray | None = None,
    info: RunInfo | None = None,
    requests: Requests | None = None,
) -> History:
    """A validated history of record arrays."""
    reads = reads[np.argsort(reads["called_ns"], kind="stable")]
    columns = {name: np.ascontiguousarray(writes[name]) for name in writes.dtype.names}
    columns["etag"], columns["error"] = tuple(writes["etag"]), tuple(writes["error"])
    return validated(
        History(
            info or run_info(),
            Reads(**_columns(reads)),
            Writes(**columns),
            Windows(**_columns(empty(WINDOW_DTYPE) if windows is None else windows)),
            Samples(**_columns(empty(GENERATOR_DTYPE) if samples is None else samples)),
            requests or Requests(*(np.zeros(0, dtype=np.int64) for _ in range(3)), ()),
        )
    )


def parse(text: str) -> Tables:
    """Reads, writes and windows as record arrays."""
    reads, writes, windows, sessions = [], [], [], {}
    leftover = _TOKEN.sub("", text).strip()
    if leftover:
        raise ValueError(f"this is not the language of histories: {leftover!r}")
    for number, token in enumerate(_TOKEN.finditer(text)):
        session, what, version, inside = token.groups()
        times, fields = _inside(inside)
        if what in ("w", "x"):
            writes.append(_write(int(version), times, refused=what == "x"))
        elif what in ("quiet", "writing"):
            windows.append((0, int(version), what == "writing", ZERO_NS + times[0], ZERO_NS + times[1]))
        else:
            place = sessions.setdefault(session or f" {number}", len(sessions))
            reads.append(_read(place, _NAMES[what], int(version or NO_VERSION), times, fields))
    if not any(write["version"] == 0 for write in writes):
        writes.append(_write(0, [-100_000, -90_000], refused=False))
    writes.sort(key=itemgetter("version"))
    for write, following in zip_longest(writes, writes[1:]):
        if write["outcome"] == WriteOutcome.UNKNOWN:  # its client gave it up when the next one was due
            write["gave_up_ns"] = following["called_ns"] if following else write["called_ns"] + 10**9
    table = np.array(sorted(windows, key=itemgetter(3)), dtype=WINDOW_DTYPE)
    table["index"] = np.arange(len(table))
    return _table(reads, READ_DTYPE), _table(writes, WRITE_DTYPE), table


def _inside(text: str) -> tuple[list[int | None], dict[str, int]]:
    times: list[int | None] = []
    fields = {}
    for part in text.split():
        name, _, value = part.rpartition("=")
        if name:
            fields[name] = NO_VERSION if value == "none" else int(value)
        else:
            times.append(None if value == "?" else int(value))
    return times, fields


def _write(version: int, times: list[int | None], *, refused: bool) -> Row:
    called, returned = times
    outcome = WriteOutcome.REFUSED if refused else WriteOutcome.UNKNOWN if returned is None else WriteOutcome.ACKED
    errors = {WriteOutcome.REFUSED: "AccessDenied (HTTP 403)", WriteOutcome.UNKNOWN: "ReadTimeoutError"}
    return {
        "version": version,
        "scheduled_ns": ZERO_NS + called,
        "called_ns": ZERO_NS + called,
        "returned_ns": NEVER_RETURNED if returned is None else ZERO_NS + returned,
        "outcome": outcome,
        "etag": f'"{version:032x}"' if outcome is WriteOutcome.ACKED else "",
        "bytes": PAYLOAD_BYTES,
        "error": errors.get(outcome, ""),
    }


def _read(session: int, outcome: ReadOutcome, version: int, times: list[int | None], fields: dict[str, int]) -> Row:
    called, returned = times
    conditional = outcome in (ReadOutcome.NOT_MODIFIED, ReadOutcome.NOT_MODIFIED_WITH_BODY)
    whole = outcome in (ReadOutcome.WHOLE, ReadOutcome.ETAG_MISMATCH)
    return {
        "worker": fields.get("worker", 0),
        "session": session,
        "scheduled_ns": ZERO_NS + fields.get("due", called),
        "called_ns": ZERO_NS + called,
        "returned_ns": ZERO_NS + returned,
        "status": fields.get("status", _STATUS.get(outcome, 200)),
        "version": fields.get("version", version),
        "etag_version": fields.get("etag", version),
        "sent_version": fields.get("sent", version if conditional else NO_VERSION),
        "body_bytes": fields.get("bytes", PAYLOAD_BYTES if whole else 0),
        "outcome": outcome,
    }


def _table(rows: list[Row], dtype: np.dtype) -> np.ndarray:
    """What a row does not say is 0."""
    return np.array([tuple(row.get(name, 0) for name in dtype.names) for row in rows], dtype=dtype)


def _columns(table: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.ascontiguousarray(table[name]) for name in table.dtype.names}


def padding(start: int, first_version: int, *, reads: int = 150, writes: int = 6) -> str:
    """What makes a history long enough to be judged: ``writes`` acknowledged ones, and fresh reads by session ``pad``.

    Each write is met by reads of both versions, and half of the reads are 304.
    """
    text, time, version = [], start, first_version - 1
    each = -(-reads // writes)
    for _ in range(writes):
        version += 1
        text.append(f"w{version}[{time} {time + 10}]")
        text.append(f"p{version}:r{version}[{time + 1} {time + 9}] q{version}:r{version}[{time + 2} {time + 8}]")
        time += 20
        for number in range(each):
            text.append(f"pad:{'n' if number % 2 else 'r'}{version}[{time} {time + 2}]")
            time += 4
    return " ".join(text)


def as_text(witness: Witness) -> str:
    """The operations of a witness in this language; times are those that it shows."""
    return " ".join(
        f"{operation.kind[0]}{operation.version}[{operation.called_ns} "
        f"{'?' if operation.returned_ns is None else operation.returned_ns}]"
        for operation in witness.operations
    )
