"""Measure two deployments in turns, on one machine in the same minutes, and compare them: is NEW worse than BASE?

Each is read and written for equal parts of the time, in turns of one quiet and one writing window, in random order, so
that drift hits both alike. Each is a load test of its own with a report of its own, and needs an object of its own.
BASE and NEW are files of outputs, folders that hold an outputs.json, or addresses. Exit code 0: PASS, 1: FAIL (a
regression), 3: INCONCLUSIVE, 2: wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from loadtest.commands.compare import checked_number, summary_of
from loadtest.compare.comparison import DEFAULT_TOLERANCE, Comparison
from loadtest.compare.paired import DEFAULT_RUN_NOISE, compare_in_turns
from loadtest.compare.report_files import DUEL_FILES, write_comparison
from loadtest.errors import EXIT_INTERRUPTED, UsageError
from loadtest.load.duelling.duel_sides import DuelSide, add_shared_arguments, both_sides
from loadtest.load.duelling.duelling import SPARE_S, Contender, Ended, fight
from loadtest.load.preparing.owed import owed_sentence
from loadtest.project import locust_command
from loadtest.run.duel_schedule import Side
from loadtest.run.files import RUNS_FOLDER
from loadtest.run.loading import load_history
from loadtest.run.records import EXIT_CODES, Verdict
from loadtest.run.run_directory import free_path
from loadtest.target.kept_document import is_owed
from loadtest.terminals import say
from loadtest.units import SECOND
from stacks.user_input import shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for side in Side:
        parser.add_argument(side.value, metavar=side.upper(), help="file or folder of outputs, or an address")
        parser.add_argument(f"--{side}-stack", default="", metavar="NAME", help=f"which stack of {side.upper()}")
        parser.add_argument(
            f"--{side}-bucket", default="", metavar="NAME", help=f"bucket to write to, for {side.upper()}"
        )
    parser.add_argument("--run-time", default="120", metavar="SECONDS",
                        help="how long the duel lasts (default: %(default)s)")  # fmt: skip
    parser.add_argument("--users", default="40", metavar="N", help="readers of each (default: %(default)s)")
    parser.add_argument("--tolerance", default=str(DEFAULT_TOLERANCE), metavar="RATIO",
                        help="response time of NEW / BASE that is tolerated (default: %(default)s)")  # fmt: skip
    parser.add_argument("--run-noise", default=str(DEFAULT_RUN_NOISE), metavar="SHARE",
                        help="standard deviation of what a process is off by for as long as it runs "
                        "(default: %(default)s)")  # fmt: skip
    parser.add_argument("--output", type=Path, metavar="DIR",
                        help=f"where {', '.join(DUEL_FILES)} go (default: runs/<UTC time>-duel); the runs lie beside "
                        "it, in DIR-base and DIR-new")  # fmt: skip
    add_shared_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    tolerance = checked_number(arguments.tolerance, "--tolerance", 1, 100, "1.1 tolerates reads a tenth slower")
    run_noise = checked_number(arguments.run_noise, "--run-noise", 0, 1, "0.01 is a hundredth")
    seconds = checked_number(arguments.run_time.removesuffix("s"), "--run-time", 1, 86_400, "120 is two minutes")
    users = int(checked_number(arguments.users, "--users", 1, 100_000, "40 readers"))
    plan = _plan(arguments, seconds, users)
    base, new = (one.target.shown_url for one in plan.sides)
    say(
        f"For {seconds:g} s, {base} (base) and {new} (new) are read in turns; what the two load tests print is in "
        f"{plan.folder} …"
    )
    ended = fight(plan.contenders, round(seconds * SECOND))
    for one in plan.contenders:
        if is_owed(one.run_dir):
            say(owed_sentence(one.run_dir))
    if not ended.began:
        return _not_begun(ended)
    if ended.why:
        say(f"The duel ended before its time: {ended.why}.")
    try:
        comparison = _judged(plan, ended, tolerance, run_noise)
    except UsageError as error:
        say(f"The duel is undecided: {error}")
        return EXIT_CODES[Verdict.INCONCLUSIVE]
    try:
        text = write_comparison(comparison, plan.folder)
    except OSError as error:
        raise UsageError(f"{plan.folder} cannot be written: {error.strerror or error}.") from None
    sys.stdout.write(text)
    return EXIT_CODES[comparison.verdict]


def _not_begun(ended: Ended) -> int:
    if ended.by_signal:
        say("Stopped before anything was measured.")
        return EXIT_INTERRUPTED
    raise UsageError(f"{ended.why[0].upper()}{ended.why[1:]}")


@dataclass(frozen=True)
class _Plan:
    folder: Path
    sides: tuple[DuelSide, DuelSide]
    contenders: tuple[Contender, Contender]


def _plan(arguments: argparse.Namespace, seconds: float, users: int) -> _Plan:
    """The two runs; everything that can be wrong with the command line is found here, before anything is started."""
    sides = both_sides(arguments)
    folder = arguments.output or free_path(RUNS_FOLDER / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}-duel")
    runs = [folder.with_name(f"{folder.name}-{side}") for side in Side]
    try:
        for path in runs:
            if path.exists():
                raise FileExistsError
        folder.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(
            f"--output is {shown(str(folder))}, and it or a run of that name beside it exists already: no run is ever "
            "overwritten; give another name."
        ) from None
    except OSError as error:
        raise UsageError(f"--output is {shown(str(folder))}, which cannot be made: {error.strerror}.") from None
    length = ("--users", str(users), "--spawn-rate", str(users), "--run-time", f"{round(seconds + SPARE_S)}s")
    contenders = [
        Contender(
            side,
            locust_command("--only-summary", "--loglevel=WARNING", *length, *one.options, f"--run-dir={path}"),
            one.environment,
            path,
            folder / f"{side}.log",
        )
        for side, one, path in zip(Side, sides, runs, strict=True)
    ]
    return _Plan(folder, sides, (contenders[0], contenders[1]))


def _judged(plan: _Plan, ended: Ended, tolerance: float, run_noise: float) -> Comparison:
    runs = [one.run_dir for one in plan.contenders]
    summaries, histories = [summary_of(path) for path in runs], [load_history(path) for path in runs]
    whole = "" if ended.by_signal or not ended.why else ended.why
    return compare_in_turns((summaries[0], histories[0]), (summaries[1], histories[1]), tolerance, run_noise, whole)
