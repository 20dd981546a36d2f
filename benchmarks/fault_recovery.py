"""Injected against reported: for every fault, at three sizes, a real Locust run against the sandbox must recover it.

And without a fault, nothing may be reported. Each run has a sandbox of its own. The whole table takes a quarter of an
hour; ``--rows FIRST COUNT`` makes a piece of it, ``--documents`` publishes the user's own instead of made-up ones.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fault_cases import CASES, QUICK, SLOWDOWNS, FaultCase, Interval, Size
from benchmarks.options import parser
from benchmarks.own_documents import KINDS, MADE_UP, options_for
from loadtest.project import locust_command
from loadtest.run.records import Verdict
from loadtest.sandbox.process import RunningSandbox, running_sandbox
from loadtest.sandbox.synthesis import synthesize
from loadtest.summary.summary import Summary, read_summary

USERS = "20"
ALL = (*CASES, *SLOWDOWNS)
NO_FAULT = "none"
NEVER_FAIL_WITHOUT_A_FAULT = (
    "assumptions", "whole-bodies", "fresh-reads", "monotonic-reads", "atomic-reads", "phantoms", "visible-writes",
    "conditional-get", "availability",
)  # fmt: skip


def measure(sandbox: RunningSandbox, case: FaultCase | None, size: Size | None, kind: str = MADE_UP) -> Summary:
    """One run with one fault (or none); the summary of it. The sandbox is left without a fault."""
    fault = {case.fault: size.value} if case and size else {}
    after_start = case is not None and case.after_start
    try:
        with tempfile.TemporaryDirectory() as folder:
            run_dir = Path(folder) / "run"
            if not after_start:
                sandbox.set_faults(fault)
            process = _locust(sandbox, run_dir, case, options_for(kind, Path(folder) / "documents", str(fault)))
            if after_start:
                _wait_for_reads(run_dir, process)
                sandbox.set_faults(fault)
            output, _ = process.communicate(timeout=120)
            if not (run_dir / "summary.json").exists():
                raise RuntimeError(f"The run with {fault or 'no fault'} gave no summary:\n{output}")
            return read_summary(run_dir / "summary.json")
    finally:
        sandbox.clear_faults()


def _locust(
    sandbox: RunningSandbox, run_dir: Path, case: FaultCase | None, documents: list[str]
) -> subprocess.Popen[str]:
    command = locust_command()
    command += ["--only-summary", "-u", USERS, "-r", USERS, "-t", f"{case.seconds if case else 6}s", "--seed", "1"]
    command += ["--outputs", str(sandbox.outputs_path), "--run-dir", str(run_dir)]
    command += [*(case.arguments if case else QUICK), *documents]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _wait_for_reads(run_dir: Path, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        if any(path.stat().st_size for path in run_dir.glob("spool/*.reads")):
            return
        time.sleep(0.02)


def verdicts(summary: Summary) -> dict[str, Verdict]:
    """The verdict of each check."""
    return {check.id: check.verdict for check in summary.checks}


def is_recovered(case: FaultCase, size: Size, summary: Summary) -> bool:
    """Whether the size is in the reported interval, and no check passes that the fault must fail."""
    found = verdicts(summary)
    return case.measure(summary).holds(size.truth) and all(found[check] is not Verdict.PASS for check in case.fails)


def _text(interval: Interval, unit: str) -> str:
    if unit == "share":
        return f"{100 * interval.low:.2f} … {100 * interval.high:.2f} %"
    return f"{interval.low:.1f} … {interval.high:.1f} {unit}"


Row = tuple[FaultCase, Size] | None
"""A run with a fault, or (None) one without."""


def rows(names: Sequence[str] = ()) -> list[Row]:
    """The rows of the table, or those of the faults (or ``none``) that are named."""
    found: list[Row] = [(case, size) for case in ALL if not names or case.fault in names for size in case.sizes]
    return [*found, None] if not names or NO_FAULT in names else found


def main(chosen: Sequence[Row], *, with_head: bool = True, kind: str = MADE_UP) -> int:
    """Print the table; returns how many rows were not recovered."""
    if with_head:
        print(f"Injected against reported   command: python -m benchmarks.fault_recovery{_asked(kind)}")
        print(f"{'fault':<22} {'injected':>16} {'reported':>22}  {'recovered':<10} checks that did not pass")
    synthesized = synthesize("faults")
    return sum(_print(synthesized, row, kind) for row in chosen)


def _asked(kind: str) -> str:
    return "" if kind == MADE_UP else f" --documents {kind}"


def _print(synthesized: Path, row: Row, kind: str) -> bool:
    """Make the run of a row and print it; returns whether it is not as wanted."""
    with running_sandbox(synthesized) as sandbox:
        summary = measure(sandbox, row[0] if row else None, row[1] if row else None, kind)
    if row is None:
        alarms = [check for check in NEVER_FAIL_WITHOUT_A_FAULT if verdicts(summary)[check] is not Verdict.PASS]
        print(f"{NO_FAULT:<22} {'':>16} {'':>22}  {'no alarm' if not alarms else 'ALARM':<10} {', '.join(alarms)}")
        return bool(alarms)
    case, size = row
    recovered = is_recovered(case, size, summary)
    reported, answer = _text(case.measure(summary), case.unit), "yes" if recovered else "NO"
    print(f"{case.fault:<22} {size.value:>16} {reported:>22}  {answer:<10} {_not_passed(summary)}", flush=True)
    return not recovered


def _not_passed(summary: Summary) -> str:
    marks = {Verdict.FAIL: "", Verdict.INCONCLUSIVE: " (?)"}
    return ", ".join(f"{name}{marks[v]}" for name, v in verdicts(summary).items() if v is not Verdict.PASS)


def _arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    names = [*sorted({case.fault for case in ALL}), NO_FAULT]
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
    return options.parse_args(arguments)


def chosen_rows(arguments: Sequence[str] | None = None) -> tuple[list[Row], bool]:
    """The rows that the command line asks for, and whether the head of the table comes first."""
    given = _arguments(arguments)
    first, count = given.rows or (1, len(rows()))
    return rows(given.faults)[max(0, first - 1) : max(0, first - 1 + count)], first <= 1


if __name__ == "__main__":
    asked, head = chosen_rows()
    sys.exit(1 if main(asked, with_head=head, kind=_arguments().documents) else 0)
