"""Injected against reported: for every fault, at three sizes, a real Locust run against the sandbox must recover it.

And without a fault, nothing may be reported. Each run has a sandbox of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.fault_cases import CASES as ALL_CASES
from benchmarks.fault_cases import QUICK, FaultCase, Interval, Size
from benchmarks.options import parser
from loadtest.project import locust_command
from loadtest.run.records import Verdict
from loadtest.sandbox.process import RunningSandbox, running_sandbox
from loadtest.sandbox.synthesis import synthesize
from loadtest.summary.summary import Summary, read_summary

USERS = "20"
NEVER_FAIL_WITHOUT_A_FAULT = (
    "assumptions", "whole-bodies", "fresh-reads", "monotonic-reads", "atomic-reads", "phantoms", "visible-writes",
    "conditional-get", "availability",
)  # fmt: skip


def measure(synthesized: Path, case: FaultCase | None, size: Size | None) -> Summary:
    """One run with one fault (or none); the summary of it."""
    faults = {case.fault: size.value} if case and size and not case.after_start else {}
    with running_sandbox(synthesized, faults=faults) as sandbox, tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        process = _locust(sandbox, run_dir, case)
        if case and size and case.after_start:
            _wait_for_reads(run_dir, process)
            sandbox.set_fault(case.fault, size.value)
        output, _ = process.communicate(timeout=120)
        if not (run_dir / "summary.json").exists():
            raise RuntimeError(f"The run with {faults or case} gave no summary:\n{output}")
        return read_summary(run_dir / "summary.json")


def _locust(sandbox: RunningSandbox, run_dir: Path, case: FaultCase | None) -> subprocess.Popen[str]:
    command = locust_command()
    command += ["--only-summary", "-u", USERS, "-r", USERS, "-t", f"{case.seconds if case else 6}s", "--seed", "1"]
    command += ["--outputs", str(sandbox.outputs_path), "--run-dir", str(run_dir)]
    command += list(case.arguments if case else QUICK)
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


def main(cases: tuple[FaultCase, ...] = ALL_CASES) -> int:
    """Print the table; returns how many rows were not recovered."""
    print("Injected against reported   command: python -m benchmarks.fault_recovery")
    print(f"{'fault':<22} {'injected':>12} {'reported':>22}  {'recovered':<10} checks that did not pass")
    synthesized, missed = synthesize("faults"), 0
    for case in cases:
        for size in case.sizes:
            summary = measure(synthesized, case, size)
            recovered = is_recovered(case, size, summary)
            missed += not recovered
            reported, answer = _text(case.measure(summary), case.unit), "yes" if recovered else "NO"
            print(f"{case.fault:<22} {size.value:>12} {reported:>22}  {answer:<10} {_not_passed(summary)}", flush=True)
    summary = measure(synthesized, None, None)
    alarms = [check for check in NEVER_FAIL_WITHOUT_A_FAULT if verdicts(summary)[check] is not Verdict.PASS]
    print(f"{'none':<22} {'':>12} {'':>22}  {'no alarm' if not alarms else 'ALARM':<10} {', '.join(alarms)}")
    return missed + len(alarms)


def _not_passed(summary: Summary) -> str:
    marks = {Verdict.FAIL: "", Verdict.INCONCLUSIVE: " (?)"}
    return ", ".join(f"{name}{marks[v]}" for name, v in verdicts(summary).items() if v is not Verdict.PASS)


if __name__ == "__main__":
    names = sorted({case.fault for case in ALL_CASES})
    options = parser("fault_recovery", __doc__)
    # argparse takes no fault at all for the choice []
    options.add_argument("faults", nargs="*", choices=[[], *names], metavar="FAULT", help=f"one of {', '.join(names)}")
    chosen = options.parse_args().faults or names
    sys.exit(1 if main(tuple(case for case in ALL_CASES if case.fault in chosen)) else 0)
