"""Compare two recorded runs: is NEW worse than BASE? Prints Markdown, ready for a pull-request comment."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from loadtest.compare.alike import differences
from loadtest.compare.comparison import DEFAULT_RUN_NOISE, DEFAULT_TOLERANCE, compare
from loadtest.compare.report_files import markdown
from loadtest.errors import UsageError
from loadtest.run.files import RUN_FILE, SUMMARY_FILE
from loadtest.run.records import EXIT_CODES
from loadtest.run.run_directory import must_be_folder, unusable
from loadtest.run.run_file import load_run
from loadtest.summary.summary import Summary, read_summary
from stacks.user_input import cut, real_number, shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("base", type=Path, metavar="BASE", help="directory of the run to compare with")
    parser.add_argument("new", type=Path, metavar="NEW", help="directory of the run that is judged")
    parser.add_argument("--tolerance", default=str(DEFAULT_TOLERANCE), metavar="RATIO",
                        help="response time of NEW / BASE that is tolerated (default: %(default)s)")  # fmt: skip
    parser.add_argument("--run-noise", default=str(DEFAULT_RUN_NOISE), metavar="SHARE",
                        help="standard deviation of a whole run's latency, of which windows show nothing "
                        "(default: %(default)s)")  # fmt: skip
    parser.add_argument("--force", action="store_true", help="compare runs of unlike settings nevertheless")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the Markdown there too")


def run(arguments: argparse.Namespace) -> int:
    tolerance = checked_number(arguments.tolerance, "--tolerance", 1, 100, "1.1 tolerates reads a tenth slower")
    run_noise = checked_number(arguments.run_noise, "--run-noise", 0, 1, "0.01 is a hundredth")
    base, new = summary_of(arguments.base), summary_of(arguments.new)
    unlike = differences(base, new)
    if unlike and not arguments.force:
        raise UsageError(
            f"{arguments.base} and {arguments.new} are unlike in {', '.join(map(str, unlike))}: "
            "measure again with the same settings, or give --force."
        )
    comparison = compare(base, new, tolerance, run_noise)
    text = markdown(comparison)
    if arguments.output:
        try:
            arguments.output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"--output is {shown(str(arguments.output))}, which cannot be written: {error.strerror}."
            ) from None
    sys.stdout.write(text)
    return EXIT_CODES[comparison.verdict]


def summary_of(run_dir: Path) -> Summary:
    """The summary of a run: as it was written, or made now from its records."""
    must_be_folder(run_dir)
    try:
        if (run_dir / SUMMARY_FILE).exists():
            return _of_this_run(read_summary(run_dir / SUMMARY_FILE), run_dir)
        return _judged(run_dir)
    except OSError as error:
        raise unusable(run_dir, error) from None


def _of_this_run(summary: Summary, run_dir: Path) -> Summary:
    """The summary, unless it lies beside the records of another run."""
    if (run_dir / RUN_FILE).exists() and load_run(run_dir).get("run") != summary.run.id:
        raise UsageError(
            f"{run_dir / SUMMARY_FILE} is of another run than {run_dir / RUN_FILE}: write it again with the report "
            "command."
        )
    return summary


def _judged(run_dir: Path) -> Summary:
    from loadtest.judge.analyse import analyse  # noqa: PLC0415 - runs that have been reported on need none of it
    from loadtest.run.sealing.sealing import pack  # noqa: PLC0415

    pack(run_dir)
    return analyse(run_dir)


def checked_number(text: str, name: str, least: float, most: float, hint: str) -> float:
    value = real_number(text, otherwise=math.nan)
    if not least <= value <= most:
        raise UsageError(f"{name} is {cut(text)}: give a number from {least:g} to {most:g} ({hint}).")
    return value
