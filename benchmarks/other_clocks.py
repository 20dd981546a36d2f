"""Real runs with workers that have other clocks: no alarm where nothing is wrong, and a known lag found and bracketed.

    python -m benchmarks.other_clocks [--healthy N] [--lagging N]

Three workers: one a second behind, one ten hours ahead whose messages take 5 ms there and 75 ms back, and one beside
the master; the first two do not see the run directory. Healthy runs must raise no alarm. With ``replica-lag`` every run
must FAIL fresh reads, and the interval that it reports must hold the lag. Then the same seed is run once on one host:
the verdicts must be the same.

Needs Linux, and the right to make time and mount namespaces.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.fault_recovery import verdicts
from benchmarks.nginx import free_port
from benchmarks.options import parser
from benchmarks.other_hosts import OTHER_CLOCK, can, hiding, workers
from benchmarks.slow_network import network
from loadtest import units
from loadtest.project import locust_command
from loadtest.run.records import Verdict
from loadtest.sandbox.process import RunningSandbox, running_sandbox, synthesize
from loadtest.summary.findings import CheckResult
from loadtest.summary.summary import Summary, read_summary

LAG_MS: Final = 1_000
SETTINGS: Final = (
    *("--window", "0.5", "--write-interval", "0.25", "--payload-bytes", "2048", "--arrival-rate", "300"),
    *("-u", "20", "-r", "20", "-t", "8s", "--only-summary"),
)
BEHIND: Final = (*OTHER_CLOCK, "-1")
AHEAD: Final = (*OTHER_CLOCK, "36000")
TIMING: Final = ("write-impact", "load-generator")
"""What a busy machine may change from run to run."""


def main(arguments: list[str]) -> int:
    """Print what was found; returns 1 when anything is not as wanted."""
    options = parser("other_clocks", __doc__)
    options.add_argument("--healthy", type=int, default=30)
    options.add_argument("--lagging", type=int, default=10)
    wanted = options.parse_args(arguments)
    if not (can(*BEHIND) and can("unshare", "-m")):
        print("This kernel, or this user, makes no time and mount namespaces.")
        return 1
    with running_sandbox(synthesize("clocks")) as sandbox:
        alarms = healthy(sandbox, wanted.healthy)
        unlike = as_on_one_host(sandbox)
        missed = lagging(sandbox, wanted.lagging)
    return 1 if alarms + unlike + missed else 0


def healthy(sandbox: RunningSandbox, runs: int) -> int:
    """Runs without a fault; how many raised an alarm."""
    summaries = [over_hosts(sandbox, seed) for seed in range(runs)]
    failed = [{name for name, verdict in verdicts(each).items() if verdict is Verdict.FAIL} for each in summaries]
    passed = sum(verdicts(each)["fresh-reads"] is Verdict.PASS for each in summaries)
    print(f"{runs} healthy runs: {sum(map(bool, failed))} with an alarm {failed if any(failed) else ''}", flush=True)
    print(f"  fresh reads PASS in {passed}; parts of a record missing in {sum(map(bool, map(missing, summaries)))}")
    return sum(map(bool, failed)) + sum(map(bool, map(missing, summaries)))


def as_on_one_host(sandbox: RunningSandbox) -> int:
    """The same seed over hosts and on one host; in how many ways they differ."""
    far, near = over_hosts(sandbox, 7), on_one_host(sandbox, 7)
    alike = {name: (verdict, verdicts(near)[name]) for name, verdict in verdicts(far).items() if name not in TIMING}
    unlike = {name: pair for name, pair in alike.items() if pair[0] is not pair[1]}
    rates = [f"{each.availability.reads_per_second or 0:,.1f}" for each in (far, near)]
    print(f"the same seed over hosts and on one: {len(unlike)} verdicts differ {unlike or ''}; reads/s: {rates}")
    return len(unlike)


def lagging(sandbox: RunningSandbox, runs: int) -> int:
    """Runs with a lag; how many did not find it, or not its size."""
    missed = 0
    sandbox.set_faults({"replica-lag": f"{LAG_MS}ms"})
    for seed in range(runs):
        fresh = check(over_hosts(sandbox, seed), "fresh-reads")
        low, high = (number(fresh, f"staleness of the stalest read, at {end}") for end in ("least", "most"))
        right = fresh.verdict is Verdict.FAIL and low <= 1.2 * LAG_MS * 1e6 and high >= LAG_MS * 1e6
        missed += not right
        print(f"  lag of {LAG_MS} ms: {fresh.verdict}, {units.duration(low)} … {units.duration(high)}", flush=True)
    sandbox.clear_faults()
    print(f"{runs} runs with a lag: {runs - missed} recovered it")
    return missed


def check(summary: Summary, name: str) -> CheckResult:
    return next(each for each in summary.checks if each.id == name)


def number(result: CheckResult, name: str) -> int:
    """One of its numbers; 0 where it has none."""
    return next((int(each.value or 0) for each in result.numbers if each.name == name), 0)


def missing(summary: Summary) -> tuple[str, ...]:
    return summary.run.ended.missing


def over_hosts(sandbox: RunningSandbox, seed: int) -> Summary:
    """One run with workers that share as little as is possible on one machine."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        run_dir, port = folder / "hidden" / "run", free_port()
        run_dir.parent.mkdir()
        detour = stack.enter_context(network(port, there=0.005, back=0.075))
        hidden = hiding(run_dir.parent)
        places = ((port, (*hidden, *BEHIND)), (detour.port, (*hidden, *AHEAD)), (port, ()))
        stack.enter_context(workers(*places))
        _run(sandbox, run_dir, seed, "--master", "--master-bind-port", str(port), "--expect-workers", "3")
        return read_summary(run_dir / "summary.json")


def on_one_host(sandbox: RunningSandbox, seed: int) -> Summary:
    """The same run with three workers beside the master."""
    with tempfile.TemporaryDirectory() as folder:
        _run(sandbox, Path(folder) / "run", seed, "--processes", "3")
        return read_summary(Path(folder) / "run" / "summary.json")


def _run(sandbox: RunningSandbox, run_dir: Path, seed: int, *how: str) -> None:
    command = [*locust_command(*SETTINGS, *how), "--seed", str(seed)]
    command += ["--outputs", str(sandbox.outputs_path), "--run-dir", str(run_dir)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=90)
    if not (run_dir / "summary.json").exists():
        raise RuntimeError(f"A run gave no summary:\n{done.stdout}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
