"""Real duels in the sandbox: two deployments of one build must not fail, and one that is slower must.

Each duel has two sandbox processes, BASE with ``latency=lognormal(50ms,0.25)`` and NEW with that times ``--slowdown``
(which starts first is drawn by lot), and is held by the command. It can be made in pieces: ``--duels 5`` four times,
each with another ``--first``, shows the same as 20 at once.

Wanted: with ``--slowdown 1`` no FAIL and at most one in ten undecided; from 1.15 on each FAILs. In between nothing is
wanted.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.options import parser
from benchmarks.real_runs import concluded
from loadtest.run.records import Verdict
from loadtest.sandbox.process import running_sandbox, synthesize

MEDIAN_MS: Final = 50
SETTINGS: Final = ("--users", "80", "--payload-bytes", "4096")
SLOWER: Final = 1.15
MOST_UNDECIDED: Final = 0.1


def duel(synthesized: Path, number: int, slowdown: float, seconds: float, folder: Path) -> tuple[Verdict, str]:
    """One duel: its verdict, and what the command said first."""
    medians = {"base": MEDIAN_MS, "new": MEDIAN_MS * slowdown}
    order = random.Random(number).sample(list(medians), 2)
    with ExitStack() as open_ones:
        outputs = {}
        for side in order:
            faults = {"latency": f"lognormal({medians[side]:g}ms,0.25)"}
            sandbox = open_ones.enter_context(running_sandbox(synthesized, faults=faults, seed=2 * number))
            outputs[side] = str(sandbox.outputs_path)
        own = ("--run-time", f"{seconds:g}", "--seed", str(number), "--output", str(folder / "duel"))
        return concluded(seconds + 300, "duel", outputs["base"], outputs["new"], *SETTINGS, *own)


def main(arguments: list[str]) -> int:
    """Print a line a duel, and the counts; returns 1 when they are not as wanted."""
    options = parser("duel", __doc__)
    options.add_argument("--duels", type=int, default=20)
    options.add_argument("--seconds", type=float, default=120, help="length of a duel")
    options.add_argument("--slowdown", type=float, default=1.0, help="latency of NEW / BASE, such as 1, 1.07, 1.15")
    options.add_argument("--first", type=int, default=1, help="number of the first duel, which is its seed")
    parsed = options.parse_args(arguments)
    print(f"Real duels of {parsed.seconds:g} s, NEW takes {parsed.slowdown:g} times as long, {parsed.duels} of them")
    print(f"command: python -m benchmarks.duel --slowdown {parsed.slowdown:g} --seconds {parsed.seconds:g}")
    print(f"{'duel':>4} {'verdict':>14} {'took':>6}  what is slower, or undecided")
    synthesized = synthesize("duel")
    verdicts = []
    for number in range(parsed.first, parsed.first + parsed.duels):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            verdict, text = duel(synthesized, number, parsed.slowdown, parsed.seconds, Path(folder))
        verdicts.append(verdict)
        lines = text.splitlines()
        print(f"{number:>4} {verdict:>14} {time.monotonic() - began:>4.0f} s  {lines[2].strip('*')}", flush=True)
        if _unwanted(verdict, parsed.slowdown):
            print("\n".join(f"      {line}" for line in lines if line.startswith(("- ", "> "))), flush=True)
    print(", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict))
    wanted = _as_wanted(verdicts, parsed.slowdown)
    print("as wanted" if wanted else "NOT as wanted")
    return int(not wanted)


def _unwanted(verdict: Verdict, slowdown: float) -> bool:
    return (slowdown == 1 and verdict is not Verdict.PASS) or (slowdown >= SLOWER and verdict is not Verdict.FAIL)


def _as_wanted(verdicts: list[Verdict], slowdown: float) -> bool:
    if slowdown == 1:
        undecided = verdicts.count(Verdict.INCONCLUSIVE)
        return Verdict.FAIL not in verdicts and undecided <= MOST_UNDECIDED * len(verdicts)
    return slowdown < SLOWER or set(verdicts) == {Verdict.FAIL}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
