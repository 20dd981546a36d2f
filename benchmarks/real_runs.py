"""Runs of Locust against a sandbox, from which most benchmarks are made, and what the project concludes from them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from loadtest.project import PROJECT, locust_command
from loadtest.run.records import EXIT_CODES, Verdict
from loadtest.sandbox.process import RunningSandbox
from loadtest.summary.summary import Summary, read_summary


def real_run(sandbox: RunningSandbox, run_dir: Path, users: int, seconds: float, *options: str) -> Summary:
    """One run, recorded in ``run_dir``.

    Raises RuntimeError when it gave no summary.
    """
    command = [*locust_command("--only-summary"), "-u", str(users), "-r", str(users), "-t", f"{seconds:g}s"]
    command += ["--outputs", str(sandbox.outputs_path), "--run-dir", str(run_dir), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 120)
    if not (run_dir / "summary.json").exists():
        raise RuntimeError(f"A run gave no summary:\n{done.stdout}{done.stderr}")
    return read_summary(run_dir / "summary.json")


def concluded(timeout: float | None, *arguments: str) -> tuple[Verdict, str]:
    """The verdict of ``python -m loadtest`` with these arguments, and what it printed.

    Raises RuntimeError when it gave no verdict.
    """
    command = [sys.executable, "-m", "loadtest", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT, timeout=timeout)
    verdicts = {code: verdict for verdict, code in EXIT_CODES.items()}
    if done.returncode not in verdicts or not done.stdout:
        raise RuntimeError(f"{arguments[0]} gave no verdict:\n{done.stdout}{done.stderr}")
    return verdicts[done.returncode], done.stdout
