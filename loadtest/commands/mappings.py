"""Load and probe the three mappings in a sandbox, one after the other, and write one page that compares them.

Everything runs on this machine; no AWS account is needed. Settings of the load test can be given as Locust's variables
(``LOCUST_ARRIVAL_RATE=500``). Exit code 0: each mapping behaved as it is known to; 1: one did not.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from loadtest.commands.probe import target_from
from loadtest.errors import UsageError
from loadtest.mappings.measured import MeasuredMapping, Site, unlike_expected
from loadtest.mappings.page import html_page, markdown_page
from loadtest.probe import render
from loadtest.probe.model import Report
from loadtest.probe.runner import Probe, ProbePlan
from loadtest.project import PROJECT, locust_command
from loadtest.run.files import SUMMARY_FILE
from loadtest.sandbox.marker import identified
from loadtest.sandbox.process import RunningSandbox, SandboxError, running_sandbox, synthesize
from loadtest.summary.summary import Summary, SummaryError, read_summary
from loadtest.target.finding import DEFAULT_OUTPUTS
from loadtest.terminals import say
from stacks.user_input import shown

MAPPINGS: Final = ("conditional", "original", "half")
RUNS: Final = Path("runs")
_SEED: Final = "1"
_MOST_READERS: Final = 1_000_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--run-time", default=os.environ.get("LOCUST_RUN_TIME", "40s"), help="of each load, as for Locust"
    )
    parser.add_argument("--users", default=os.environ.get("LOCUST_USERS", "20"), help="readers in the load test")
    parser.add_argument("--readers", type=int, default=1000, metavar="N", help="readers of the site in the projection")
    parser.add_argument("--poll", type=float, default=10.0, metavar="SECONDS", help="how often each of them asks")
    parser.add_argument(
        "--changes-per-day", type=float, default=24.0, metavar="N", help="how often the document changes"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where everything goes (default: runs/mappings-<UTC time>)"
    )


def run(arguments: argparse.Namespace) -> int:
    site = _site(arguments)
    folder = _new_folder(arguments.out)
    measured = {}
    for mapping in MAPPINGS:
        say(f"{mapping}: synthesizing …")
        synthesized = synthesize(f"mapping-{mapping}", {"READMODEL_MAPPING": mapping})
        measured[mapping] = measure(mapping, synthesized, folder / mapping, arguments.run_time, arguments.users)
    return conclude(measured, site, folder)


def measure(mapping: str, synthesized: Path, folder: Path, run_time: str, users: str) -> MeasuredMapping:
    """Serve a synthesized stack, probe it, and run Locust on it.

    Raises:
        UsageError: the sandbox or Locust failed; says where the reason is.
    """
    folder.mkdir(parents=True)
    try:
        with running_sandbox(synthesized) as sandbox:
            sandbox.enforce_iam()
            say(f"{mapping}: probing …")
            report = _probe(sandbox)
            say(f"{mapping}: reading for {run_time} while the document is replaced …")
            summary = _load(sandbox, folder, run_time, users)
    except SandboxError as error:
        raise UsageError(str(error)) from None
    (folder / "probe.md").write_text(render.to_markdown(report), encoding="utf-8")
    (folder / "probe.json").write_text(render.to_json(report), encoding="utf-8")
    return MeasuredMapping(mapping, report, summary)


def conclude(measured: Mapping[str, MeasuredMapping], site: Site, folder: Path) -> int:
    """Write the page in both forms; returns 0 when every mapping behaved as it is known to."""
    text = markdown_page(list(measured.values()), site, made_with=_command())
    (folder / "mappings.md").write_text(text, encoding="utf-8")
    (folder / "mappings.html").write_text(html_page(text), encoding="utf-8")
    sys.stdout.write(text)
    surprises = unlike_expected(measured)
    for surprise in surprises:
        say(f"Unexpected: {surprise}")
    say(f"Written: {folder / 'mappings.md'}, {folder / 'mappings.html'}, and each run beside them.")
    return 1 if surprises else 0


def _probe(sandbox: RunningSandbox) -> Report:
    target = target_from(None, outputs=str(sandbox.outputs_path or DEFAULT_OUTPUTS))
    return Probe(identified(target), ProbePlan(write=True)).run()


def _load(sandbox: RunningSandbox, folder: Path, run_time: str, users: str) -> Summary:
    run_dir, log = folder / "run", folder / "locust.log"
    command = locust_command("--only-summary")
    command += ["--users", users, "--spawn-rate", users, "--run-time", run_time, "--loglevel", "WARNING"]
    command += ["--outputs", str(sandbox.outputs_path), "--run-dir", str(run_dir), "--seed", _SEED]
    with log.open("wb") as output:
        subprocess.run(command, cwd=PROJECT, check=False, stdout=output, stderr=subprocess.STDOUT)
    try:
        return read_summary(run_dir / SUMMARY_FILE)
    except SummaryError:
        raise UsageError(f"The load test gave no result; the reason is in {log}.") from None


def _site(arguments: argparse.Namespace) -> Site:
    if not 1 <= arguments.readers <= _MOST_READERS:
        raise UsageError(f"--readers is {arguments.readers}: give a number from 1 to {_MOST_READERS:,}.")
    if not 0 < arguments.poll <= 86_400:
        raise UsageError(f"--poll is {arguments.poll:g}: give a number of seconds above 0, up to 86,400.")
    if not 0 <= arguments.changes_per_day <= 86_400:
        raise UsageError(f"--changes-per-day is {arguments.changes_per_day:g}: give a number from 0 to 86,400.")
    return Site(arguments.readers, arguments.poll, arguments.changes_per_day)


def _new_folder(wanted: Path | None) -> Path:
    folder: Path = wanted or RUNS / datetime.now(UTC).strftime("mappings-%Y-%m-%dT%H-%M-%SZ")
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(f"--out is {shown(str(folder))}, which exists already: give another name.") from None
    except OSError as error:
        raise UsageError(
            f"--out is {shown(str(folder))}, which cannot be made ({error.strerror}): give another folder."
        ) from None
    return folder.resolve()


def _command() -> str:
    return (
        " ".join(["python -m loadtest", *sys.argv[1:]])
        if sys.argv[1:2] == ["mappings"]
        else "python -m loadtest mappings"
    )
