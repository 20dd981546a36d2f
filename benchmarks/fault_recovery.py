"""Injected against reported: for every fault, at three sizes, a real Locust run against the sandbox must recover it.

And without a fault, nothing may be reported. The whole table takes a quarter of an hour; ``--rows FIRST COUNT`` makes a
piece of it, ``--one-size`` a shorter one. ``--documents`` publishes the user's own instead of made-up ones; ``--writer
watch`` publishes nothing, and watches ``python -m loadtest publish`` do so.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.fault_cases import CASES, SLOWDOWNS, FaultCase, Interval, Size
from benchmarks.options import parser
from benchmarks.own_documents import KINDS, MADE_UP, options_for
from benchmarks.watched_cases import SECONDS, WATCHED, WATCHING, publisher
from loadtest.project import locust_command
from loadtest.run.records import Verdict
from loadtest.run.settings import PUBLISH, WATCH
from loadtest.sandbox.process import RunningSandbox, running_sandbox, synthesize
from loadtest.summary.summary import Summary, read_summary

USERS = "20"
NO_FAULT: Final = "none"
WITHOUT: Final = FaultCase(NO_FAULT, (), lambda summary: Interval(0, 0), ())
WITHOUT_WATCHED: Final = FaultCase(
    NO_FAULT, (), lambda summary: Interval(0, 0), (), arguments=WATCHING, seconds=SECONDS, watched=True
)
TABLES: Final = {PUBLISH: (*CASES, *SLOWDOWNS, WITHOUT), WATCH: (*WATCHED, WITHOUT_WATCHED)}
NEVER_FAIL_WITHOUT_A_FAULT = (
    "assumptions", "whole-bodies", "fresh-reads", "monotonic-reads", "atomic-reads", "phantoms", "visible-writes",
    "conditional-get", "availability",
)  # fmt: skip

Row = tuple[FaultCase, Size | None]
"""A run with a fault of a size, or (None) one without a fault."""


def measure(sandbox: RunningSandbox, row: Row, kind: str = MADE_UP) -> Summary:
    """One run with one fault (or none); the summary of it. The sandbox is left without a fault."""
    case, size = row
    fault = {case.fault: size.value} if size else {}
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory()))
        undo.callback(sandbox.clear_faults)
        if case.watched:
            undo.callback(sandbox.enforce_iam, enforce=sandbox.state()["enforces_iam"])
            sandbox.enforce_iam(False)  # the deployment's own key may only write
            assert sandbox.outputs_path is not None
            undo.enter_context(publisher(sandbox.outputs_path))
        if not case.after_start:
            sandbox.set_faults(fault)
        run_dir = folder / "run"
        process = _locust(sandbox, run_dir, case, options_for(kind, folder / "documents", str(fault)))
        if case.after_start:
            _wait_for_reads(run_dir, process)
            sandbox.set_faults(fault)
        output, _ = process.communicate(timeout=120)
        if not (run_dir / "summary.json").exists():
            raise RuntimeError(f"The run with {fault or 'no fault'} gave no summary:\n{output}")
        return read_summary(run_dir / "summary.json")


def _locust(sandbox: RunningSandbox, run_dir: Path, case: FaultCase, documents: list[str]) -> subprocess.Popen[str]:
    command = locust_command()
    command += ["--only-summary", "-u", USERS, "-r", USERS, "-t", f"{case.seconds}s", "--seed", "1"]
    command += ["--outputs", str(sandbox.outputs_path), "--run-dir", str(run_dir)]
    command += [*case.arguments, *documents]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _wait_for_reads(run_dir: Path, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        if any(path.stat().st_size for path in run_dir.glob("spool/*.reads")):
            return
        time.sleep(0.02)


def verdicts(summary: Summary) -> dict[str, Verdict]:
    return {check.id: check.verdict for check in summary.checks}


def is_recovered(row: Row, summary: Summary) -> bool:
    """Whether all is as wanted.

    With a fault: its size is in the reported interval, no end of which is farther away than can be, and no check passes
    that the fault must fail. Without one: nothing is found.
    """
    case, size = row
    found = verdicts(summary)
    if size is None:
        return not alarms(summary)
    interval = case.measure(summary)
    most = None if case.beyond is None else case.beyond(summary)
    near = most is None or max(size.truth - interval.low, interval.high - size.truth) <= most
    return near and interval.holds(size.truth) and all(found[check] is not Verdict.PASS for check in case.fails)


def alarms(summary: Summary) -> list[str]:
    """The checks that did not pass, of those that must where there is no fault."""
    return [check for check in NEVER_FAIL_WITHOUT_A_FAULT if verdicts(summary)[check] is not Verdict.PASS]


def rows(names: Sequence[str] = (), writer: str = PUBLISH, *, one_size: bool = False) -> list[Row]:
    """The rows of a table, or those of the faults (or ``none``) that are named, at all sizes or the middle one."""
    found: list[Row] = []
    for case in TABLES[writer]:
        if not names or case.fault in names:
            sizes = case.sizes[len(case.sizes) // 2 :][:1] if one_size else case.sizes
            found += [(case, size) for size in sizes] if case.sizes else [(case, None)]
    return found


def main(chosen: Sequence[Row], head: str = "", kind: str = MADE_UP) -> int:
    """Print the table; returns how many rows were not recovered. They share a sandbox."""
    if head:
        print(f"Injected against reported   command: {head}")
        print(f"{'fault':<22} {'injected':>16} {'reported':>22}  {'recovered':<10} checks that did not pass")
    with running_sandbox(synthesize("faults")) as sandbox:
        return sum(not _print(row, measure(sandbox, row, kind)) for row in chosen)


def _print(row: Row, summary: Summary) -> bool:
    """Print what came of a row; returns whether it is as wanted."""
    case, size = row
    recovered = is_recovered(row, summary)
    reported = _text(case.measure(summary), case.unit) if size else ""
    answer = ("yes" if recovered else "NO") if size else "no alarm" if recovered else "ALARM"
    injected = size.value if size else ""
    print(f"{case.fault:<22} {injected:>16} {reported:>22}  {answer:<10} {_not_passed(summary, row)}", flush=True)
    return recovered


def _text(interval: Interval, unit: str) -> str:
    if unit == "share":
        return f"{100 * interval.low:.2f} … {100 * interval.high:.2f} %"
    return f"{interval.low:.1f} … {interval.high:.1f} {unit}"


def _not_passed(summary: Summary, row: Row) -> str:
    if row[1] is None:
        return ", ".join(alarms(summary))
    marks = {Verdict.FAIL: "", Verdict.INCONCLUSIVE: " (?)"}
    return ", ".join(f"{name}{marks[v]}" for name, v in verdicts(summary).items() if v is not Verdict.PASS)


def _arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    names = [*sorted({case.fault for table in TABLES.values() for case in table} - {NO_FAULT}), NO_FAULT]
    options = parser("fault_recovery", __doc__)
    # argparse takes no fault at all for the choice []
    options.add_argument("faults", nargs="*", choices=[[], *names], metavar="FAULT", help=f"one of {', '.join(names)}")
    options.add_argument(
        "--rows",
        nargs=2,
        type=int,
        metavar=("FIRST", "COUNT"),
        help=f"a piece of the {len(rows())} rows, from row FIRST (1 is the first); pieces joined are the whole table",
    )
    options.add_argument("--documents", choices=KINDS, default=MADE_UP, help="which documents are published")
    options.add_argument("--writer", choices=list(TABLES), default=PUBLISH, help="who publishes them")
    options.add_argument("--one-size", action="store_true", help="each fault at its middle size only")
    given = options.parse_args(arguments)
    if given.writer == WATCH and given.documents != MADE_UP:
        options.error("--documents says what is published, and --writer watch publishes nothing: leave one out")
    return given


def chosen_rows(arguments: Sequence[str] | None = None) -> tuple[list[Row], bool]:
    """The rows that the command line asks for, and whether the head of the table comes first."""
    given = _arguments(arguments)
    found = rows(given.faults, given.writer, one_size=given.one_size)
    first, count = given.rows or (1, len(found))
    return found[max(0, first - 1) : max(0, first - 1 + count)], first <= 1


def _asked(given: argparse.Namespace) -> str:
    """The command that makes the whole table, of which this may be a piece."""
    options = [f"--writer {WATCH}"] * (given.writer == WATCH) + ["--one-size"] * given.one_size
    options += [f"--documents {given.documents}"] * (given.documents != MADE_UP)
    return " ".join(["python -m benchmarks.fault_recovery", *options])


if __name__ == "__main__":
    asked, is_first = chosen_rows()
    options = _arguments()
    sys.exit(1 if main(asked, _asked(options) if is_first else "", options.documents) else 0)
