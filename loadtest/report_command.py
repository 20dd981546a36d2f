"""Judge a recorded run and write its reports; a run that was killed is recovered first, up to its last flush."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from loadtest.analyse import analyse
from loadtest.options import UsageError
from loadtest.recorded_run.history import RunError
from loadtest.recording.seal import is_sealed, seal
from loadtest.records import EXIT_CODES
from loadtest.reports import write_reports
from loadtest.reports.terminal import print_answers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``report``."""
    parser.add_argument("run_dir", type=Path, metavar="RUN_DIR", help="a run's directory, for example runs/latest")
    parser.add_argument("--quiet", action="store_true", help="write the reports and print no answers")


def run(arguments: argparse.Namespace) -> int:
    """Report on a run; returns the exit code of its verdict."""
    run_dir: Path = arguments.run_dir
    if not run_dir.is_dir():
        raise UsageError(f"{str(run_dir)!r} is no directory: give a run's directory, for example runs/latest.")
    if not is_sealed(run_dir):
        seal(run_dir)
    try:
        summary = analyse(run_dir)
    except RunError as error:
        raise UsageError(str(error)) from None
    written = write_reports(summary, run_dir)
    if not arguments.quiet:
        print_answers(summary, written, sys.stdout)
    return EXIT_CODES[summary.verdict]
