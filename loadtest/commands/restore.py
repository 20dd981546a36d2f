"""Put the object back as it was before a run, from what the run's directory keeps; for a run that was killed.

A run that ends in order has done so itself, and doing it twice changes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from loadtest.cleaned import hide, public_url
from loadtest.errors import UsageError
from loadtest.http1.access import Access
from loadtest.load.preparing.owed import note_taken_over
from loadtest.run.run_directory import must_be_folder
from loadtest.run.run_file import load_run
from loadtest.target.access import access_from, add_access_arguments
from loadtest.target.finding import Credentials, Target, credentials_of
from loadtest.target.kept_document import Kept, kept_numbers, load
from loadtest.target.putting_back import put_back
from loadtest.target.remedies import what_to_do
from loadtest.target.store_interface import Store, StoreError
from loadtest.target.store_kinds import open_store, orders_for
from loadtest.terminals import say

EXIT_NOT_PUT_BACK: Final = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_dir", type=Path, metavar="RUN_DIR", help="a run's directory, for example runs/latest")
    parser.add_argument("--force", action="store_true", help="even where somebody else has written in between")
    parser.add_argument(
        "--outputs", default="", metavar="FILE", help="outputs with the writer's key (default: those of the run)"
    )
    parser.add_argument("--stack", default="", metavar="NAME", help="which stack of them")
    parser.add_argument("--url", default="", help="the readers' address, where the run's holds a secret")
    parser.add_argument("--object-key", default="", metavar="KEY", help="of a run of several objects, this one only")
    parser.add_argument("--s3-endpoint-url", default="", metavar="URL", help="the S3 endpoint, where it holds a secret")
    add_access_arguments(parser)
    parser.add_argument("--orders-on-input", action="store_true", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Put it back: 0 when nothing is owed any more, 1 when something is, 2 when it cannot be tried."""
    run_dir: Path = arguments.run_dir
    must_be_folder(run_dir)
    numbers = _numbers(arguments, run_dir)
    if len(numbers) < 2:
        return _restore(arguments, run_dir, numbers[0] if numbers else 0, None)
    told = json.loads(sys.stdin.readline()) if arguments.orders_on_input else None
    codes = []
    for number in numbers:  # what keeps one of them from being put back keeps none of the others
        try:
            codes.append(_restore(arguments, run_dir, number, told))
        except UsageError as error:
            say(str(error))
            codes.append(EXIT_NOT_PUT_BACK)
    return max(codes)


def _numbers(arguments: argparse.Namespace, run_dir: Path) -> list[int]:
    """The objects to put back, by number."""
    numbers = kept_numbers(run_dir)
    if arguments.object_key:
        return _numbers_of(arguments.object_key, run_dir, numbers)
    if arguments.url and len(numbers) > 1:
        raise UsageError(
            f"--url is the readers' address of one object, and {run_dir} keeps documents of {len(numbers)}: give "
            "--object-key with it, and put them back one by one."
        )
    return numbers


def _numbers_of(key: str, run_dir: Path, numbers: list[int]) -> list[int]:
    """Those of one object. A copy that is damaged, of another one, keeps nobody from it."""
    chosen, damaged = [], []
    for number in numbers:
        try:
            kept = load(run_dir, number)
        except UsageError as error:
            damaged.append(error)
            continue
        if kept is not None and kept.key == key:
            chosen.append(number)
    if not chosen and damaged:
        raise damaged[0]
    if not chosen:
        raise UsageError(f"{run_dir} keeps no document of {key!r}: fix --object-key, or leave it out.")
    return chosen


def _restore(arguments: argparse.Namespace, run_dir: Path, number: int, told: dict[str, Any] | None) -> int:
    kept = load(run_dir, number)
    if kept is None:
        say(f"{run_dir} keeps no document: there is nothing to put back.")
        return 0
    own_run = arguments.orders_on_input  # it has ended, or is about to
    if not (own_run or arguments.force):
        from loadtest.run.sealing.sealing import refuse_while_recording  # noqa: PLC0415 - it takes a while to import

        try:
            described = load_run(run_dir)
        except UsageError:  # what is wrong with the record keeps nobody's document from them
            described = {}
        refuse_while_recording(run_dir, described)
    target = _target(arguments, kept, told)
    outcome = put_back(
        run_dir,
        _store(target),
        lambda: _document_at(target),
        force=arguments.force,
        over_runs=not own_run,
        number=number,
    )
    if outcome.done:
        note_taken_over(kept)
    say(outcome.sentence)
    return 0 if outcome.done else EXIT_NOT_PUT_BACK


def _store(target: Target) -> Store:
    try:
        return open_store(orders_for(target))
    except StoreError as error:
        place = f"s3://{target.bucket}/{target.object_key}"
        raise UsageError(f"{place} cannot be written: {error}; {what_to_do(str(error))}.") from None


def _target(arguments: argparse.Namespace, kept: Kept, told: dict[str, Any] | None) -> Target:
    about = kept.about
    if arguments.orders_on_input:
        given = json.loads(sys.stdin.readline()) if told is None else dict(told)
        given["object_key"], given["url"] = given.pop("objects")[kept.number]
        key = given.pop("access_key_id"), given.pop("secret_access_key")
        access = Access(tuple(map(tuple, given.pop("headers", ()))), given.pop("cert", ""), given.pop("key", ""))
        hide(*(value for _, value in access.headers))
        return Target(**given, credentials=Credentials(*key) if all(key) else None, access=access)
    outputs = arguments.outputs or about.get("outputs") or ""
    credentials = None
    if outputs and (arguments.outputs or Path(outputs).exists()):
        credentials = credentials_of(Path(outputs), arguments.stack or about.get("stack") or None)
    target = Target(
        url=arguments.url or about["url"],
        bucket=about["bucket"],
        object_key=about["object_key"],
        region=about.get("region") or "us-east-1",
        s3_endpoint_url=arguments.s3_endpoint_url or about.get("s3_endpoint_url") or None,
        credentials=credentials,
        access=access_from(arguments),
    )
    for option, address in (("--url", target.url), ("--s3-endpoint-url", target.s3_endpoint_url)):
        if address and "…" in address:
            raise UsageError(f"The run's address {public_url(address)} holds a secret that is not kept: give {option}.")
    return target


def _document_at(target: Target) -> bytes | None:
    from loadtest.target.preflight import read_address  # noqa: PLC0415 - it takes a second to import

    try:
        seen = read_address(target)
    except UsageError:
        return None
    return seen.body if seen.status == 200 and not seen.is_from_cache else None
