"""Synthesize the stack, serve it in a sandbox, hammer it with Locust while the writer writes, and report.

Everything runs on this machine; no AWS account is needed. Settings of the load test can be given as Locust's variables
(``LOCUST_WINDOW=5``), those of the stack as its own (``READMODEL_MAPPING=original``).
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
from pathlib import Path
from typing import Final

from loadtest.errors import EXIT_INTERRUPTED, UsageError
from loadtest.project import PROJECT, locust_command
from loadtest.run.run_directory import forget_latest
from loadtest.sandbox.faults.registry import split_assignment
from loadtest.sandbox.faults.values import FaultValueError
from loadtest.sandbox.process import SandboxError, running_sandbox, synthesize
from loadtest.terminals import say

LATENCY: Final = "lognormal(20ms,0.25)"
"""About what a gateway takes to answer. The bare sandbox answers in half a millisecond, which any other program on the
machine disturbs: latency could be judged on an idle machine only."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run-time", default=os.environ.get("LOCUST_RUN_TIME", "120s"), help="as for Locust")
    parser.add_argument("--users", default=os.environ.get("LOCUST_USERS", "20"), help="readers")
    parser.add_argument("--latency", default=LATENCY, help="what the sandbox adds to every read, or off (%(default)s)")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=VALUE", help="a fault of the sandbox")


def run(arguments: argparse.Namespace) -> int:
    try:
        forget_latest(os.environ.get("LOCUST_RUN_DIR"), PROJECT)
        faults = {"latency": arguments.latency} if arguments.latency != "off" else {}
        faults |= dict(split_assignment(fault) for fault in arguments.fault)
        say("Synthesizing the stack …")
        return _measure(arguments, synthesize(), faults)
    except (SandboxError, FaultValueError) as error:
        raise UsageError(str(error)) from None
    except KeyboardInterrupt:
        say("Stopped before anything was measured.")
        return EXIT_INTERRUPTED


def _measure(arguments: argparse.Namespace, synthesized: Path, faults: dict[str, str]) -> int:
    with running_sandbox(synthesized, faults=faults) as sandbox:
        say(f"The sandbox serves {sandbox.samples_url} (a stand-in for AWS, not AWS).")
        say("".join(f"It adds {name}={value}.\n" for name, value in faults.items()).strip() or "It adds no latency.")
        say(f"Locust reads it for {arguments.run_time} while the writer replaces the document …")
        command = locust_command("--only-summary")
        command += ["--users", arguments.users, "--spawn-rate", arguments.users, "--run-time", arguments.run_time]
        command += ["--outputs", str(sandbox.outputs_path), "--loglevel", "WARNING"]
        # Ctrl-C reaches Locust, too, which then stops reading and still reports; this waits for it.
        signal.signal(signal.SIGINT, lambda *_: None)
        return subprocess.run(command, cwd=PROJECT, check=False).returncode
