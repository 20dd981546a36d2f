"""Try a live deployment with ETag, If-None-Match and their like, one request at a time.

Nothing is changed without --write. Exit code 0: PASS, 1: FAIL, 3: INCONCLUSIVE, 2: wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from urllib.parse import urlsplit

import configargparse  # type: ignore[import-untyped]

from loadtest.cleaned import public_url
from loadtest.errors import EXIT_INTERRUPTED, UsageError
from loadtest.http1.trust import unused_proxy
from loadtest.load.options.options import add_arguments as add_run_arguments
from loadtest.load.options.options import settings_from
from loadtest.probe import render
from loadtest.probe.model import Case, Report
from loadtest.probe.runner import TIME_LIMIT_S, Probe, ProbePlan
from loadtest.run.records import EXIT_CODES
from loadtest.sandbox.marker import identified
from loadtest.target.access import access_from, add_access_arguments
from loadtest.target.finding import DEFAULT_OUTPUTS, Target, find_target, refuse_two_identities
from loadtest.terminals import say
from stacks.user_input import cut, real_number, shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", nargs="?", metavar="URL", help="the document's address (default: from the outputs file)")
    parser.add_argument(
        "--outputs", default="", metavar="FILE", help=f"outputs of cdktf deploy (default: {DEFAULT_OUTPUTS})"
    )
    parser.add_argument("--stack", default="", metavar="NAME", help="which stack of the outputs file")
    parser.add_argument(
        "--origin", default="", help="web origin to try CORS with (default: the one that the API names)"
    )
    parser.add_argument("--write", action="store_true", help="also replace the object, and put the old bytes back")
    parser.add_argument(
        "--remove", action="store_true", help="with --write: also remove the object for a moment, if the key may"
    )
    add_access_arguments(parser)
    parser.add_argument("--bucket", default="", metavar="NAME", help="bucket to write to (default: outputs file)")
    parser.add_argument("--object-key", default="payload.json", metavar="KEY", help="object to replace")
    parser.add_argument("--s3-endpoint-url", default="", metavar="URL", help="S3 endpoint (default: AWS, or sandbox)")
    parser.add_argument("--timeout", default=str(TIME_LIMIT_S), metavar="SECONDS", help="for one answer")
    parser.add_argument("--strict", action="store_true", help="a case that DEVIATES fails the whole")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs: every request and answer")
    form.add_argument("--markdown", action="store_true", help="the table as Markdown")


def run(arguments: argparse.Namespace) -> int:
    plan = _plan(arguments)
    target = target_from(
        arguments.url,
        outputs=arguments.outputs,
        stack=arguments.stack,
        bucket=arguments.bucket,
        object_key=arguments.object_key,
        s3_endpoint_url=arguments.s3_endpoint_url,
        write=arguments.write,
    )
    target = replace(target, access=access_from(arguments))
    refuse_two_identities(target.url, target.access.headers)
    _warn_of_writing(plan, target)
    if sentence := unused_proxy(target.url):
        say(sentence)
    target = identified(target)
    probe = Probe(target, plan, _progress if sys.stderr.isatty() else lambda case: None)
    try:
        report = probe.run()
    except KeyboardInterrupt:
        say(" ".join(["Stopped before the end; nothing can be said.", *probe.notes]))
        return EXIT_INTERRUPTED
    finally:
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
    _show(report, arguments)
    return EXIT_CODES[report.verdict(arguments.strict)]


def _show(report: Report, arguments: argparse.Namespace) -> None:
    if arguments.json:
        sys.stdout.write(render.to_json(report, arguments.strict))
    elif arguments.markdown:
        sys.stdout.write(render.to_markdown(report, arguments.strict))
    else:
        render.to_terminal(report, sys.stdout, arguments.strict)


def _plan(arguments: argparse.Namespace) -> ProbePlan:
    timeout = real_number(arguments.timeout, otherwise=0)
    if not 0 < timeout <= 600:
        raise UsageError(f"--timeout is {cut(str(arguments.timeout))}: give a number of seconds from 0.1 to 600.")
    if arguments.remove and not arguments.write:
        raise UsageError("--remove was given without --write: removing the object is writing, so give both.")
    if arguments.origin and not arguments.origin.startswith(("http://", "https://")):
        raise UsageError(f"--origin is {shown(arguments.origin)}: give a web origin, for example https://example.com.")
    return ProbePlan(arguments.write, arguments.remove, arguments.origin.rstrip("/"), timeout)


def target_from(
    url: str | None,
    *,
    outputs: str = "",
    stack: str = "",
    bucket: str = "",
    object_key: str = "payload.json",
    s3_endpoint_url: str = "",
    write: bool = True,
) -> Target:
    """The target that is named; one that is only read needs no bucket.

    Raises:
        UsageError: the address cannot be used, or there is none, or no bucket to write to.
    """
    host, path = None, "/v1/samples"
    if url is not None:
        parts = _checked(url)
        if not write:
            return Target(url, "", object_key, "", None, None)
        host, path = f"{parts[0]}://{parts[1]}", parts[2]
    options = ["--outputs", outputs, "--stack", stack, "--bucket", bucket, "--object-key", object_key]
    options += ["--s3-endpoint-url", s3_endpoint_url, "--samples-path", path]
    parser = configargparse.ArgumentParser()
    add_run_arguments(parser)
    settings = parser.parse_args(options, env_vars={})
    settings.host = host
    return find_target(settings_from(settings), address="give the address", bucket_remedy="give --bucket")


def _checked(url: str) -> tuple[str, str, str]:
    """Scheme, host with port, and path with query."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"The address is {shown(public_url(url))}: it must start with http:// or https:// and name a host."
        )
    return parts.scheme, parts.netloc, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _warn_of_writing(plan: ProbePlan, target: Target) -> None:
    if plan.write:
        say(f"{target.object_name} will be replaced several times, and put back at the end.")


def _progress(case: Case) -> None:
    sys.stderr.write(f"\r\033[K{case.name} …")
    sys.stderr.flush()
