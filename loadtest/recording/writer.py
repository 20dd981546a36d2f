"""The background writer: a process of its own that replaces the document on schedule and reports every PUT.

One boto3 PUT costs milliseconds of CPU; in the readers' event loop that would delay reads exactly while a write is in
flight. Run as ``python -m loadtest.recording.writer``: one JSON line with its orders on standard input (the key comes
this way too, never by command line or environment), later a line with the schedule. Each PUT is written to the journal
before it is sent and after it returned, and told to standard output. When standard input ends, so does the writer,
after the PUT in flight.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from loadtest.payload import render
from loadtest.recording.writer_presence import writer_presence
from loadtest.records import WriteOutcome
from loadtest.schedule import SECOND, Rests, Windows, put_times

CONTENT_TYPE: Final = "application/json"
CACHE_CONTROL: Final = "no-cache"
"""Readers may keep the document but must ask before they use it again (RFC 9111, section 5.2.2.4)."""
PUT_TIME_LIMIT_S: Final = 10


class Journal:
    """Writes each event to the run directory and to the parent; a PUT is in the journal before it is sent."""

    def __init__(self, path: Path, parent: BinaryIO) -> None:
        self._file = path.open("ab", buffering=0)
        self._parent = parent

    def called(self, version: int, scheduled_ns: int, called_ns: int, size: int) -> None:
        """A PUT is about to be sent."""
        self._append({"version": version, "scheduled_ns": scheduled_ns, "called_ns": called_ns, "bytes": size})

    def returned(  # noqa: PLR0917 - one parameter a field
        self, version: int, returned_ns: int, outcome: WriteOutcome, etag: str, error: str, request_id: str = ""
    ) -> None:
        """A PUT has come back, one way or another."""
        event = {
            "version": version,
            "returned_ns": returned_ns,
            "outcome": int(outcome),
            "etag": etag,
            "error": error,
            "request_id": request_id,
        }
        self._append(event)

    def _append(self, event: dict[str, Any]) -> None:
        line = json.dumps(event).encode() + b"\n"
        self._file.write(line)
        try:
            self._parent.write(line)
            self._parent.flush()
        except BrokenPipeError:
            pass  # the parent is gone; the journal has it


class PayloadWriter:
    """Replaces one object, one PUT in flight at a time, and never retries: every attempt is a write of its own."""

    def __init__(self, orders: dict[str, Any], journal: Journal) -> None:
        import boto3  # noqa: PLC0415 - only this process pays for it
        from botocore.config import Config  # noqa: PLC0415

        self._run: str = orders["run"]
        self._size: int = orders["payload_bytes"]
        self._target = {"Bucket": orders["bucket"], "Key": orders["object_key"]}
        self._journal = journal
        self._client = boto3.client(
            "s3",
            region_name=orders["region"],
            endpoint_url=orders["s3_endpoint_url"],
            aws_access_key_id=orders.get("access_key_id"),
            aws_secret_access_key=orders.get("secret_access_key"),
            config=Config(
                retries={"total_max_attempts": 1},
                connect_timeout=PUT_TIME_LIMIT_S,
                read_timeout=PUT_TIME_LIMIT_S,
                request_checksum_calculation="when_required",
                s3={"addressing_style": "path"} if orders["s3_endpoint_url"] else {},
            ),
        )

    def put(self, version: int, body: bytes, scheduled_ns: int | None = None) -> WriteOutcome:
        """Send one PUT and journal it, before and after."""
        called = time.monotonic_ns()
        self._journal.called(version, called if scheduled_ns is None else scheduled_ns, called, len(body))
        outcome, *details = self._attempt(body)
        self._journal.returned(version, time.monotonic_ns(), outcome, *details)
        return outcome

    def document(self, version: int) -> bytes:
        """The document of ``version``."""
        return render(self._run, version, self._size)

    def _attempt(self, body: bytes) -> tuple[WriteOutcome, str, str, str]:
        """One PUT: its outcome, ETag, error and the request id that S3 gave it."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            answer = self._client.put_object(
                **self._target, Body=body, ContentType=CONTENT_TYPE, CacheControl=CACHE_CONTROL
            )
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            code = error.response.get("Error", {}).get("Code", "unknown")
            refused = 400 <= status < 500 and code != "RequestTimeout"
            outcome = WriteOutcome.REFUSED if refused else WriteOutcome.UNKNOWN
            return outcome, "", f"{code} (HTTP {status})", _request_id(error.response)
        except BotoCoreError as error:
            never_sent = type(error).__name__ in _NEVER_SENT
            return (WriteOutcome.REFUSED if never_sent else WriteOutcome.UNKNOWN), "", type(error).__name__, ""
        return WriteOutcome.ACKED, str(answer.get("ETag", "")), "", _request_id(answer)


def _request_id(answer: Any) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))


_NEVER_SENT: Final = {
    "EndpointConnectionError",
    "NoCredentialsError",
    "PartialCredentialsError",
    "ParamValidationError",
    "InvalidEndpointDiscoveryConfigurationError",
    "InvalidRegionError",
    "ConnectTimeoutError",
}
"""boto3 errors that are raised before a byte of the PUT is sent: it certainly did not happen."""


def main() -> int:
    """Take the orders, put version 0, wait for ``start``, then write on schedule until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent says when to stop
    orders = json.loads(sys.stdin.buffer.readline())
    journal = Journal(Path(orders["journal"]), os.fdopen(os.dup(1), "wb"))
    try:
        writer = PayloadWriter(orders, journal)
    except Exception as error:  # boto3 refuses what it was given; the parent puts it in words
        now = time.monotonic_ns()
        journal.called(0, now, now, 0)
        journal.returned(0, now, WriteOutcome.REFUSED, "", f"{type(error).__name__}")
        return 1
    if writer.put(0, writer.document(0)) is not WriteOutcome.ACKED:
        return 1
    start = sys.stdin.buffer.readline()
    if not start:
        return 0
    schedule = json.loads(start)
<<<<<<< HEAD
    rests = Rests(schedule["rest_windows"], schedule["rest_pairs"])
    windows = Windows(schedule["start_ns"], schedule["window_ns"], schedule["seed"], rests)
    _write_on_schedule(writer, put_times(windows, schedule["interval_ns"]), orders)
=======
    windows = Windows(schedule["start_ns"], schedule["window_ns"], schedule["seed"])
    with writer_presence(Path(orders["journal"]), orders["run"]):
        _write_on_schedule(writer, put_times(windows, schedule["interval_ns"]), orders)
>>>>>>> main
    return 0


def _write_on_schedule(writer: PayloadWriter, due_times: Iterator[int], orders: dict[str, Any]) -> None:
    version = 0
    for due in due_times:
        late = time.monotonic_ns() - due
        if late > orders["skip_when_late_ns"]:
            continue  # a PUT that hung: those that were due meanwhile belong to no window any more
        version += 1
        body = writer.document(version)
        if _parent_has_gone(until_ns=due):
            return
        writer.put(version, body, due)
    _parent_has_gone(until_ns=time.monotonic_ns() + 10**9 * SECOND)


def _parent_has_gone(until_ns: int) -> bool:
    """Sleep until ``until_ns``; True as soon as standard input ends."""
    while True:
        left = (until_ns - time.monotonic_ns()) / SECOND
        readable, _, _ = select.select([sys.stdin.buffer], [], [], max(0.0, min(left, 3600.0)))
        if readable:
            return True
        if left <= 0:
            return False


if __name__ == "__main__":
    sys.exit(main())
