"""Follow runs over time: what got worse in the last runs, by how much, and with which run and commit it began.

RUN is the directory of a run, a summary.json, or a folder that holds some of these. Exit code 0: nothing got worse in
the last runs; 1: something did; 3: too few runs to say; 2: wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from loadtest.commands.compare import checked_number, summary_of
from loadtest.errors import UsageError
from loadtest.run.files import LATEST_NAME, RUN_FILE, SUMMARY_FILE
from loadtest.run.records import EXIT_CODES
from loadtest.summary.summary import Summary, read_summary
from loadtest.trend.acknowledged import FILE, read_acknowledged
from loadtest.trend.keeping import MOST_KEPT, add
from loadtest.trend.markdown import markdown
from loadtest.trend.report_files import TREND_FILES, write_trend
from loadtest.trend.trending import DEFAULT_LAST, DEFAULT_TOLERANCE, LEAST_LAST, trend
from stacks.user_input import cut, is_folder, is_plain_file, shown, whole_number

_MOST_RUNS: Final = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN",
                        help="a run's directory, its summary.json, or a folder that holds some")  # fmt: skip
    parser.add_argument("--last", default=str(DEFAULT_LAST), metavar="N",
                        help="a change for the worse fails if it began in the newest N runs (%(default)s)")  # fmt: skip
    parser.add_argument("--tolerance", default=str(DEFAULT_TOLERANCE), metavar="RATIO",
                        help="a smaller change is shown and does not fail (default: %(default)s)")  # fmt: skip
    parser.add_argument("--acknowledged", type=Path, metavar="FILE",
                        help=f"changes that were accepted (default: {FILE}, if it is there)")  # fmt: skip
    parser.add_argument("--add", type=Path, metavar="RUN",
                        help=f"first keep this run's summary in the folder RUN: the newest {MOST_KEPT}")  # fmt: skip
    parser.add_argument("--output", type=Path, metavar="DIR", help=f"write {', '.join(TREND_FILES)} there")


def run(arguments: argparse.Namespace) -> int:
    last = _last(arguments.last)
    tolerance = checked_number(arguments.tolerance, "--tolerance", 1, 100, "1.03 tolerates 3 % more")
    file = arguments.acknowledged or (Path(FILE) if is_plain_file(Path(FILE)) else None)
    acknowledged = read_acknowledged(file) if file else ()
    summaries: list[Summary] = []
    left_out = [] if arguments.add is None else _added(arguments.add, arguments.runs)
    for path in arguments.runs:
        try:
            read, notes = _read(path)
        except OSError as error:
            raise UsageError(f"{shown(str(path))} cannot be read: {error.strerror or error}.") from None
        summaries += read
        left_out += notes
    if not summaries:
        raise UsageError(f"No run is in {cut(', '.join(map(str, arguments.runs)))}: give directories of runs.")
    if len(summaries) > _MOST_RUNS:
        raise UsageError(f"{len(summaries):,} runs were given: give at most {_MOST_RUNS:,}, the newest ones.")
    result = trend(summaries, last, tolerance, acknowledged, left_out)
    if arguments.output:
        try:
            write_trend(result, arguments.output)
        except OSError as error:
            raise UsageError(
                f"--output is {shown(str(arguments.output))}, which cannot be written: {error.strerror or error}."
            ) from None
    sys.stdout.write(markdown(result))
    return EXIT_CODES[result.verdict]


def _added(run_dir: Path, runs: list[Path]) -> list[str]:
    """Keep a run in the one folder that is followed; returns sentences for the report."""
    own = any((runs[0] / name).exists() for name in (RUN_FILE, SUMMARY_FILE))
    if len(runs) != 1 or own or is_plain_file(runs[0]):
        raise UsageError("--add keeps a run among others: give one RUN, the folder in which their summaries are kept.")
    return add(summary_of(run_dir), runs[0])


def _read(place: Path) -> tuple[list[Summary], list[str]]:
    """The summaries at one place, and a sentence for each thing that looks like a run and has none."""
    if not is_folder(place):
        if not is_plain_file(place):
            raise UsageError(f"{shown(str(place))} is not there: give a run's directory, or its {SUMMARY_FILE}.")
        return [read_summary(place)], []
    if (place / RUN_FILE).exists() or (place / SUMMARY_FILE).exists():
        return [summary_of(place)], []
    summaries, left_out = [], []
    for path in _inside(place):
        try:
            summaries.append(read_summary(path))
        except UsageError as error:
            left_out.append(f"Left out: {error}")
    return summaries, left_out


def _inside(folder: Path) -> Iterable[Path]:
    """The summaries in a folder of runs, without ``latest``, which is a link to one of them."""
    for path in sorted(folder.iterdir()):
        if path.name == LATEST_NAME or path.name.startswith("."):
            continue
        if path.is_dir() and ((path / SUMMARY_FILE).exists() or (path / RUN_FILE).exists()):
            yield path / SUMMARY_FILE
        elif path.suffix == ".json" and path.is_file():
            yield path


def _last(text: str) -> int:
    value = whole_number(text, otherwise=-1)
    if not LEAST_LAST <= value <= _MOST_RUNS:
        raise UsageError(
            f"--last is {cut(text)}: give a whole number from {LEAST_LAST} (fewer show no change) to {_MOST_RUNS:,}."
        )
    return value
