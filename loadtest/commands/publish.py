"""Publish a changing document every so often, for a run to watch.

It stands in for somebody else's publisher when you try `--writer watch` on a stack of your own or in the sandbox. It
replaces the object and does not put it back, so give it one that nobody needs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from loadtest.errors import EXIT_USAGE, UsageError
from loadtest.run.records import WriteOutcome
from loadtest.target.finding import DEFAULT_OUTPUTS, EMULATOR_PATH, aws_region_from_environment
from loadtest.target.outputs_file import read_outputs
from loadtest.target.remedies import what_to_do
from loadtest.target.store_interface import StoreError
from loadtest.target.store_kinds import open_store
from loadtest.terminals import say

LEAST_BYTES: Final = 64
MOST_BYTES: Final = 10 * 1024 * 1024
_ROW_DIGITS: Final = 60
_ROW_BYTES: Final = _ROW_DIGITS + len('"", ')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--outputs", type=Path, default=Path(DEFAULT_OUTPUTS), metavar="FILE", help="where to write")
    parser.add_argument("--stack", metavar="NAME", help="which stack of them")
    parser.add_argument("--bucket", metavar="NAME", help="bucket (default: of the outputs)")
    parser.add_argument("--object-key", default="payload.json", metavar="KEY", help="object (default: %(default)s)")
    parser.add_argument("--s3-endpoint-url", metavar="URL", help="S3 endpoint (default: AWS, or that of the sandbox)")
    parser.add_argument("--every", type=float, default=1.0, metavar="SECONDS", help="default: %(default)s")
    parser.add_argument("--times", type=int, metavar="N", help="end after so many (default: with Ctrl-C)")
    parser.add_argument(
        "--bytes", type=int, default=16 * 1024, metavar="N", help="about so long (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    if not 0.01 <= arguments.every <= 86_400:
        raise UsageError(f"--every is {arguments.every:g}: give seconds from 0.01 to 86,400.")
    if not LEAST_BYTES <= arguments.bytes <= MOST_BYTES:
        raise UsageError(f"--bytes is {arguments.bytes:,}: give a number from {LEAST_BYTES} to {MOST_BYTES:,}.")
    if arguments.times is not None and arguments.times < 1:
        raise UsageError(f"--times is {arguments.times}: give a number from 1 on, or none to go on until Ctrl-C.")
    orders = _orders(arguments)
    place = f"s3://{orders['bucket']}/{orders['object_key']}"
    try:
        store = open_store(orders)
    except StoreError as error:
        raise UsageError(f"{place} cannot be written: {error}; {what_to_do(str(error))}.") from None
    revisions = itertools.count() if arguments.times is None else range(arguments.times)
    due = time.monotonic()
    for revision in revisions:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + arguments.every, time.monotonic())
        attempt = store.put(
            document(revision, arguments.bytes), ContentType="application/json", CacheControl="no-cache"
        )
        if attempt.outcome is WriteOutcome.REFUSED:
            say(f"{place} cannot be written: {attempt.error}; {what_to_do(attempt.error)}.")
            return EXIT_USAGE
        say(f"published revision {revision:,}: {attempt.error or attempt.etag}")
    return 0


def document(revision: int, size: int) -> bytes:
    """JSON of about ``size`` bytes, which differs from that of any other moment from its beginning to its end.

    Of two that were alike but for a field, a mix would be one of them, byte for byte: nobody could see it.
    """
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    rows = max(0, (size - LEAST_BYTES) // _ROW_BYTES)
    digits = Random(f"{revision} {now}").randbytes(rows * _ROW_DIGITS // 2).hex()  # noqa: S311 - no secret
    lines = [digits[at : at + _ROW_DIGITS] for at in range(0, len(digits), _ROW_DIGITS)]
    content = {"revision": revision, "published": now, "rows": lines}
    return json.dumps(content).encode()


def _orders(arguments: argparse.Namespace) -> dict[str, Any]:
    outputs = read_outputs(arguments.outputs, arguments.stack, url_needed=False) or {}
    bucket = arguments.bucket or outputs.get("S3BucketName")
    if not bucket:
        known = f"{arguments.outputs} names none" if arguments.outputs.exists() else f"there is no {arguments.outputs}"
        raise UsageError(f"There is no bucket to write to: {known}; give --bucket.")
    url = outputs.get("SamplesUrl", "")
    return {
        "bucket": bucket,
        "object_key": arguments.object_key,
        "region": aws_region_from_environment() or "us-east-1",
        "s3_endpoint_url": arguments.s3_endpoint_url or (url.split(EMULATOR_PATH)[0] if EMULATOR_PATH in url else None),
        "access_key_id": outputs.get("DataStoreAccessKeyId"),
        "secret_access_key": outputs.get("DataStoreSecretAccessKey"),
    }
