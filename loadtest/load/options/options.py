"""The settings of a run: Locust options of our own, and their validation.

Every option is also an environment variable, ``LOCUST_`` and its name in capitals, as for Locust's own options.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from loadtest.cleaned import public_url, without_addresses, without_values
from loadtest.errors import UsageError
from loadtest.load.options.objects_options import with_objects
from loadtest.load.options.option_values import (
    Numbers,
    arrival_process_from,
    is_name,
    label_from,
    own_documents_from,
    seed_from,
    thresholds_from,
)
from loadtest.load.options.watching_options import OPTIONS as WATCHING
from loadtest.load.options.watching_options import with_writer
from loadtest.run.documents.kind import MAXIMUM_BYTES
from loadtest.run.documents.made_up import MINIMUM_BYTES
from loadtest.run.schedule import ArrivalProcess
from loadtest.run.settings import Settings
from loadtest.target.access import access_from, add_access_arguments
from loadtest.target.finding import DEFAULT_OUTPUTS
from loadtest.target.paths import DEFAULT_PATH, paths_from
from stacks.user_input import cut, shown

MOST_ARRIVALS: Final = 1_000_000
NO_OUTPUTS: Final = ("none", "none.json")
"""Values of --outputs that mean "no outputs file". Any other file that was given must exist."""
PAGE_OPTIONS: Final = frozenset(
    {"payload-bytes", "write-interval", "arrival-rate", "arrival-process", "conditional-share", "window",
     "max-staleness", "impact-tolerance", "threshold", "seed"}
)  # fmt: skip
"""What Locust's web page may set. Files, addresses, the bucket and whatever chooses credentials are set by whoever
starts Locust, never by whoever reaches the page's port."""


# fmt: off
# ruff: noqa: E501 - a table reads best with one option a line
_OPTIONS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("outputs", {"default": "", "metavar": "FILE", "help": f"outputs of cdktf deploy or terraform output -json: where to read and to write (default: {DEFAULT_OUTPUTS}, if it is there); none = read no file"}),
    ("stack", {"default": "", "metavar": "NAME", "help": "which stack of the outputs file, when it holds more than one"}),
    ("samples-path", {"default": [], "action": "append", "metavar": "PATH", "help": f"appended to --host, or a whole address (default: {DEFAULT_PATH}); given several times all are read, in shares such as '/v1/samples weight=3': the same object, or '/v1/prices key=prices.json' of another one"}),
    ("bucket", {"default": "", "metavar": "NAME", "help": "bucket to write to (default: from the outputs file)"}),
    ("object-key", {"default": "payload.json", "metavar": "KEY", "help": "object to replace; of each --samples-path that names none"}),
    ("s3-endpoint-url", {"default": "", "metavar": "URL", "help": "S3 endpoint (default: AWS, or the sandbox that serves the samples)"}),
    ("payload-bytes", {"default": 16 * 1024, "metavar": "N", "help": f"size of the document, {MINIMUM_BYTES} to {MAXIMUM_BYTES}"}),
    ("document", {"default": [], "action": "append", "metavar": "FILE", "help": "a document of your own to publish, stamped at --stamp, in place of one that is made up; repeatable: versions take turns; of several objects with its key, as in 'prices.json key=prices.json'"}),
    ("stamp", {"default": [], "action": "append", "metavar": "POINTER", "help": "the field of each --document that carries run and version, as a JSON Pointer: /meta/revision; repeatable"}),
    ("documents", {"default": "", "metavar": "FOLDER", "help": "publish the files in it as they are, each once, in the order of their names"}),
    ("write-interval", {"default": 0.5, "metavar": "SECONDS", "help": "between PUTs in a writing window; 0 = never write"}),
    ("arrival-rate", {"default": 200.0, "metavar": "R", "help": "reads per second over all readers; 0 = closed loop"}),
    ("arrival-process", {"default": ArrivalProcess.CONSTANT.value, "choices": [p.value for p in ArrivalProcess], "help": "evenly spaced, or at random times (Poisson)"}),
    ("conditional-share", {"default": 0.5, "metavar": "SHARE", "help": "share of reads sent with If-None-Match, 0 to 1"}),
    ("window", {"default": 2.0, "metavar": "SECONDS", "help": "length of a quiet or writing window; 0 = write all the time"}),
    ("max-staleness", {"default": 0.0, "metavar": "SECONDS", "help": "staleness that is tolerated"}),
    ("impact-tolerance", {"default": 1.25, "metavar": "RATIO", "help": "response time while writing / while quiet that is tolerated"}),
    ("threshold", {"default": [], "action": "append", "metavar": "EXPR", "help": "a condition that the run must meet, such as \"p99(response, writing) < 250ms\"; repeatable"}),
    ("run-dir", {"default": "", "metavar": "DIR", "help": "where the run is recorded (default: runs/<UTC time>); must not exist"}),
    ("until-decided", {"action": "store_true", "help": "end as soon as every question is decided; --run-time is then the longest that the run may last"}),
    ("label", {"default": "", "metavar": "TEXT", "help": "a name for what is measured, such as a version; recorded beside the commit, for the trend command"}),
    ("place", {"default": "", "metavar": "NAME", "help": "where this worker reads from, such as a region; the report compares places"}),
    ("overwrite", {"action": "store_true", "help": "write even where the document that is there cannot be kept: it may be lost"}),
    ("seed", {"default": "", "metavar": "N", "help": "makes the schedule repeatable (default: drawn, and recorded)"}),
)
# fmt: on


def variable_of(name: str) -> str:
    return f"LOCUST_{name.upper().replace('-', '_')}"


def add_arguments(parser: Any) -> None:
    """Add this project's options to Locust's parser (a ConfigArgParse parser)."""
    for name, settings in (*_OPTIONS, *WATCHING):  # to the parser: those of a group are not seen by Locust's web page
        action = parser.add_argument(f"--{name}", env_var=variable_of(name), **settings)
        action.include_in_web_ui = name in PAGE_OPTIONS
    for action in add_access_arguments(parser, with_variables=True):
        action.include_in_web_ui = False
    say = parser.error
    parser.error = lambda message: say(cut(without_addresses(without_values(message))))


def settings_from(options: argparse.Namespace) -> Settings:
    """Validated settings from Locust's parsed options."""
    number = Numbers(options)
    access = access_from(options)
    paths = paths_from(options.samples_path)
    keys = tuple(path.key or options.object_key for path in paths)
    settings = Settings(
        outputs=Path(options.outputs or DEFAULT_OUTPUTS),
        stack=options.stack or None,
        host=(options.host or "").rstrip("/") or None,
        samples_path=paths[0].address,
        addresses=tuple((path.address, path.weight) for path in paths) if len(paths) > 1 else (),
        bucket=options.bucket or None,
        object_key=keys[0],
        object_keys=keys if len(set(keys)) > 1 else (),
        s3_endpoint_url=options.s3_endpoint_url or None,
        payload_bytes=number.whole("payload-bytes", MINIMUM_BYTES, MAXIMUM_BYTES, "the limit of API Gateway is 10 MB"),
        write_interval=number.real("write-interval", 0, 86_400, "0 means that nothing is written"),
        arrival_rate=number.real("arrival-rate", 0, MOST_ARRIVALS, "0 means a closed loop"),
        arrival_process=arrival_process_from(options.arrival_process),
        conditional_share=number.real("conditional-share", 0, 1, "0.5 means every other read"),
        window=number.real("window", 0, 86_400, "0 means to write all the time"),
        max_staleness=number.real("max-staleness", 0, 86_400, "0 means that no stale read is tolerated"),
        impact_tolerance=number.real("impact-tolerance", 1, 1_000, "1.25 tolerates reads a quarter slower"),
        thresholds=thresholds_from(options.threshold),
        run_dir=Path(options.run_dir) if options.run_dir else None,
        seed=seed_from(options.seed),
        outputs_needed=bool(options.outputs) and Path(options.outputs).name not in NO_OUTPUTS,
        label=label_from(options.label),
        overwrite=options.overwrite is True or str(options.overwrite).lower() == "true",
        **own_documents_from(options),
        headers=access.headers,
        cert=access.cert,
        key=access.key,
        until_decided=bool(options.until_decided),
    )
    if settings.until_decided:
        _require_decidable(settings, options)
    if settings.has_own_documents and settings.write_interval == 0:
        raise UsageError(
            "--write-interval is 0, so nothing is published: leave out --document and --documents, or give an interval."
        )
    if 0 < settings.window < 0.2:
        raise UsageError(f"--window is {settings.window:g} s: give 0 (write all the time) or at least 0.2 s.")
    for key in keys:
        if not key or key.startswith("/") or not is_name(key, 1024):
            raise UsageError(f"--object-key is {shown(key)}: give the key as in S3, without a leading slash.")
    if settings.host and not settings.host.startswith(("http://", "https://")):
        raise UsageError(f"--host is {shown(public_url(settings.host))}: it must start with http:// or https://.")
    if settings.host and ("?" in settings.host or "#" in settings.host):
        raise UsageError(
            f"--host is {shown(public_url(settings.host))}, to which --samples-path is appended: give a query there, as in "
            "--samples-path '/v1/samples?key=…'."
        )
    if settings.bucket and (not is_name(settings.bucket, 2048) or " " in settings.bucket):
        raise UsageError(
            f"--bucket is {shown(settings.bucket)}: give the name of a bucket, or the ARN of an access point."
        )
    if settings.window and settings.write_interval > settings.window:
        raise UsageError(
            f"--write-interval is {settings.write_interval:g} s and --window {settings.window:g} s: no writing "
            "window would hold a write; make the window longer or the interval shorter."
        )
    return with_objects(with_writer(settings, options, number.real), options.object_key)


def _require_decidable(settings: Settings, options: argparse.Namespace) -> None:
    """Refuse ``--until-decided`` for a run that could never decide everything."""
    if not options.headless or not options.run_time:
        raise UsageError(
            "--until-decided ends a run of its own accord: give --headless and --run-time, the longest that it may last."
        )
    if not settings.window or not settings.write_interval:
        lacking = "--window" if not settings.window else "--write-interval"
        raise UsageError(
            f"--until-decided with {lacking} 0 would wait in vain: without quiet and writing windows it is never decided "
            f"whether writes slow reads down; give another {lacking}, or leave --until-decided out."
        )
