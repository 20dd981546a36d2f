"""Sixty short real runs in which the sandbox gets slower, then lags, and recovers; checks that the trend finds it.

Runs 1 to 40 are of one build. From run 41 on reads take 15 % longer, from run 51 on writes also become visible half a
second late, and the last five runs are like the first. Each is a run of Locust against a sandbox process of its own;
only its summary is kept, without the parts that a trend does not read. It takes about a quarter of an hour, and can be
made in pieces, for runs that exist are not made again.

Wanted of the trend: after run 46 it FAILs since run 41, after run 53 since run 51 because reads are stale, and after
run 60 both have recovered. After run 40 it says nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.options import parser
from benchmarks.real_runs import real_run
from loadtest.project import PROJECT
from loadtest.run.records import Verdict
from loadtest.sandbox.process import running_sandbox, synthesize
from loadtest.summary.summary import Summary, read_summary, write_summary
from loadtest.trend.keeping import slim
from loadtest.trend.records import Trend
from loadtest.trend.trending import trend

FOLDER: Final = PROJECT / "tests" / "histories" / "trend"
MANIFEST: Final = "stages.toml"
"""Says what was done in which run, for the test that reads them; written when all are there."""
RUNS: Final = 60
SLOWER, LAGS, RECOVERS = 41, 51, 56
LATENCY, SLOW = "lognormal(100ms,0.3)", "lognormal(115ms,0.3)"
LAG: Final = "500ms"
SETTINGS: Final = ("--window", "0.5", "--write-interval", "0.25", "--arrival-rate", "200", "--payload-bytes", "4096")
USERS: Final = 60


def faults(run: int) -> dict[str, str]:
    """What the sandbox does in a run (from 1)."""
    if not SLOWER <= run < RECOVERS:
        return {"latency": LATENCY}
    return {"latency": SLOW} | ({"replica-lag": LAG} if run >= LAGS else {})


def path_of(run: int, folder: Path = FOLDER) -> Path:
    return folder / f"run-{run:02}.json"


def make(run: int, seconds: float, synthesized: Path, folder: Path) -> None:
    with (
        tempfile.TemporaryDirectory() as temporary,
        running_sandbox(synthesized, faults=faults(run), seed=run) as sandbox,
    ):
        run_dir = Path(temporary) / "run"
        own = ("--seed", str(run), "--label", f"build {run}")
        write_summary(slim(real_run(sandbox, run_dir, USERS, seconds, *own, *SETTINGS)), path_of(run, folder))


def said(made: Trend) -> str:
    """One line of the table."""
    return f"{len(made.runs):>5} {made.verdict.value:<13} {made.sentence}"


def judged(summaries: Sequence[Summary]) -> list[str]:
    """What of the trend is not as wanted; prints what it says after each stage."""
    wrong = []
    for runs, verdict, since in (
        (40, Verdict.PASS, 0),
        (46, Verdict.FAIL, SLOWER),
        (53, Verdict.FAIL, LAGS),
        (60, None, 0),
    ):
        made = trend(summaries[:runs])
        print(said(made), flush=True)
        if verdict is not None and made.verdict is not verdict:
            wrong.append(f"after run {runs}: {made.verdict.value}, wanted {verdict.value}")
        begun = {one.since for one in made.promises if one.verdict is Verdict.FAIL}
        begun |= {change.run for number in made.numbers for change in number.changes if change.counts}
        if since and since - 1 not in begun:
            wrong.append(f"after run {runs}: nothing since run {since}")
    slow = next(number for number in made.numbers if number.id == "response-quiet-p50")
    if [change.run + 1 for change in slow.changes] != [SLOWER, RECOVERS]:
        wrong.append(f"the median changed with runs {[change.run + 1 for change in slow.changes]}")
    return wrong


def main(arguments: list[str]) -> int:
    """Make the runs that are missing, and judge them when all are there; returns 1 when the trend is not as wanted."""
    options = parser("trend_history", __doc__)
    options.add_argument("--most", type=int, default=RUNS, help="runs to make now")
    options.add_argument("--seconds", type=float, default=8, help="length of a run")
    options.add_argument("--folder", type=Path, default=FOLDER, help="where summaries are kept")
    parsed = options.parse_args(arguments)
    parsed.folder.mkdir(parents=True, exist_ok=True)
    missing = [run for run in range(1, RUNS + 1) if not path_of(run, parsed.folder).exists()]
    if missing and parsed.most:
        synthesized = synthesize("trend")
        for run in missing[: parsed.most]:
            make(run, parsed.seconds, synthesized, parsed.folder)
            print(f"run {run}: {', '.join(f'{name}={value}' for name, value in faults(run).items())}", flush=True)
    there = [path_of(run, parsed.folder) for run in range(1, RUNS + 1) if path_of(run, parsed.folder).exists()]
    if len(there) < RUNS:
        print(f"{len(there)} of {RUNS} runs are there: call this again for the others.")
        return 0
    print("command: python -m benchmarks.trend_history")
    stages = {"slower": SLOWER, "lags": LAGS, "recovers": RECOVERS, "runs": RUNS, "seconds": parsed.seconds}
    text = "".join(f"{name} = {value:g}\n" for name, value in stages.items())
    (parsed.folder / MANIFEST).write_text(text, encoding="utf-8")
    wrong = judged([read_summary(path) for path in there])
    print("\n".join(wrong) if wrong else "As wanted.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
