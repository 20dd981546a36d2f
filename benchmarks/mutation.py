"""Do the tests notice a broken check? Changes every check in many small ways, and runs the tests on each change.

mutmut changes one place of ``loadtest/judge/checks`` at a time (reverses a comparison, drops a term, moves a boundary,
replaces a word) and runs the tests that call the changed function. A change that no test notices is a survivor, and is
printed with the code before and after it. The score is the share of changes that were noticed.

It works on a copy of what git knows of the checkout, as it is on the disk. mutmut has an environment of its own
(.build/mutation, pinned by requirements-mutation.txt), for it brings a terminal user interface along. With
``--only fresh_reads`` that file alone is changed (or several that are named), for the loop while writing a check. A run
that is stopped, or that fails half way, prints what it knows until then, and returns 1.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from benchmarks.options import parser

REQUIREMENTS: Final = Path("requirements-mutation.txt")
ENVIRONMENT: Final = Path(".build/mutation")
MUTATED: Final = "loadtest/judge/checks"
TESTS: Final = ("tests/loadtest/judge", "tests/loadtest/run/observed")
LEAST_SCORE: Final = 0.98
NOTICED: Final = ("killed", "timeout", "segfault", "suspicious")
"""A change after which the tests fail, never end, or take the process down with them."""
UNTRIED: Final = ("not checked", "check was interrupted by user")
LEFT_OUT: Final = (
    "judge/checks/test_no_false_alarm.py",  # simulated runs by the hundred
    "run/observed/test_watched_runs.py",
    "judge/test_fuzzed_runs.py",  # damaged files, of which the checks see nothing
    "judge/statistics/test_signed_rank.py",
    "judge/statistics/test_spending.py",
    "judge/statistics/test_distributions.py",
    "judge/test_summary.py",
    "judge/measure/test_latency.py",
    "judge/thresholds/test_threshold_grammar.py",
    "judge/thresholds/test_threshold_judging.py",
    "run/observed/test_published_documents.py",  # real processes
    "run/observed/test_combinations.py",
)
TOO_SLOW: Final = (
    "judge/checks/test_versions_against_reference.py::test_every_interleaving_of_two_writes_and_two_reads_of_one_reader"
)
CONFIGURATION: Final = f"""
source_paths = ["loadtest"]
also_copy = ["benchmarks", "main.py", "stacks", "cdktf.json"]
pytest_add_cli_args = ["-q", "-p", "no:cacheprovider", "--hypothesis-profile=mutation"]
pytest_add_cli_args_test_selection = {
    [*TESTS, f"--deselect=tests/loadtest/{TOO_SLOW}", *(f"--ignore=tests/loadtest/{name}" for name in LEFT_OUT)]
}
"""
"""Hypothesis' profile (in the tests' conftest.py) draws few examples, and the same each time: so is the score."""
FEW_EXAMPLES: Final = {"RANDOM_HISTORIES": "100"}


def environment() -> Path:
    """The programs of mutmut's own environment, which is made anew when its requirements changed."""
    made_from = ENVIRONMENT / REQUIREMENTS.name
    if not made_from.exists() or made_from.read_bytes() != REQUIREMENTS.read_bytes():
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        install = [str(ENVIRONMENT / "bin/python"), "-m", "pip", "install", "--quiet", "--requirement"]
        subprocess.run([*install, str(REQUIREMENTS)], check=True)
        shutil.copy(REQUIREMENTS, made_from)
    return ENVIRONMENT.absolute() / "bin"


def copy_checkout(target: Path, mutated: list[str]) -> None:
    """Copy what git knows of, as it is on the disk, and tell mutmut what to do with it."""
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if Path(name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, target / name)
    with (target / "pyproject.toml").open("a") as settings:
        settings.write(f"\n[tool.mutmut]\nonly_mutate = {mutated}{CONFIGURATION}")


class Mutmut:
    """mutmut in a copy of the checkout; it finds this project's packages behind its own."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.program = str(programs / "mutmut")
        self.folder = folder
        self.surroundings = os.environ | FEW_EXAMPLES | {"PYTHONPATH": sysconfig.get_path("purelib")}

    def run(self, processes: int) -> str:
        """Make the mutants and run the tests on each; why it did not come to its end, or "".

        Its progress goes to ``mutmut.log``.
        """
        try:
            with (self.folder / "mutmut.log").open("wb") as log:
                subprocess.run(
                    [self.program, "run", "--max-children", str(processes)],
                    cwd=self.folder,
                    env=self.surroundings,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    check=True,
                )
        except subprocess.CalledProcessError:
            said = (self.folder / "mutmut.log").read_text(errors="replace")[-3000:]
            return f"{said}\nThe mutation run failed; above is the end of what it said."
        except KeyboardInterrupt:
            return "The mutation run was stopped."
        return ""

    def results(self) -> dict[str, str]:
        """What became of each mutant that the tests were run on, by its name."""
        lines = self._ask("results", "--all", "true").splitlines()
        found = dict(line.strip().rsplit(": ", 1) for line in lines if ": " in line)
        return {name: status for name, status in found.items() if status not in UNTRIED}

    def change(self, name: str) -> str:
        """What a mutant changed: lines as they were, and as they became."""
        lines = self._ask("show", name).splitlines()
        changed = [line for line in lines if line[:1] in "-+" and not line.startswith(("---", "+++"))]
        return "\n".join(f"    {line[0]} {line[1:].strip()}" for line in changed if line[1:].strip())

    def _ask(self, *arguments: str) -> str:
        return subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env=self.surroundings,
            check=True,
            capture_output=True,
            text=True,
        ).stdout


def file_of(mutant: str) -> str:
    """The file of a mutant, from its name: ``loadtest.judge.order.zones.x_partners__mutmut_3``."""
    return mutant.rsplit(".", 1)[0].replace(".", "/").removeprefix(f"{MUTATED}/") + ".py"


def table(results: dict[str, str]) -> str:
    """Mutants by file, in Markdown."""
    rows = []
    by_file: dict[str, Counter[str]] = {}
    for mutant, status in results.items():
        by_file.setdefault(file_of(mutant), Counter())[status] += 1
    for name, counts in [*sorted(by_file.items()), ("all", sum(by_file.values(), Counter()))]:
        noticed, timeouts = sum(counts[status] for status in NOTICED), counts["timeout"]
        total = counts.total()
        rows.append(
            f"| {name} | {total:,} | {noticed - timeouts:,} | {timeouts:,} | {total - noticed:,} "
            f"| {100 * noticed / total:.1f} % |"
        )
    head = "| File | Mutants | Killed | Timeouts | Survived | Score |\n|---|---:|---:|---:|---:|---:|"
    return "\n".join([head, *rows])


def main(only: list[str], processes: int) -> int:
    """Print the table and the survivors; returns 1 when the score is too low or there is no score."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy_checkout(Path(folder), [f"{MUTATED}/{name}.py" for name in only] or [f"{MUTATED}/*"])
        mutmut = Mutmut(environment(), Path(folder))
        if unfinished := mutmut.run(processes):
            print(unfinished, file=sys.stderr)
        results = mutmut.results()
        if not results:
            return 1
        survivors = sorted(name for name, status in results.items() if status not in NOTICED)
        with ThreadPoolExecutor(os.cpu_count()) as askers:
            changes = list(askers.map(mutmut.change, survivors))
    print(table(results))
    print(f"\nIn {(time.monotonic() - started) / 60:.0f} min. Survivors:\n")
    for name, change in zip(survivors, changes, strict=True):
        print(f"{name.removeprefix('loadtest.judge.checks.')}\n{change}")
    noticed = sum(status in NOTICED for status in results.values())
    return 0 if noticed >= LEAST_SCORE * len(results) and not unfinished else 1


if __name__ == "__main__":
    options = parser("mutation", __doc__)
    checks = sorted(path.stem for path in Path(MUTATED).glob("[a-z]*.py"))
    some = "change these files of checks alone, for example fresh_reads"
    options.add_argument("--only", choices=checks, metavar="CHECK", nargs="+", default=[], help=some)
    processes = os.cpu_count() or 1
    many = "how many mutants are tried at a time (default: one a core)"
    options.add_argument("--processes", type=int, choices=range(1, processes + 1), default=processes, help=many)
    given = options.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it is stopped as with Ctrl-C
    try:
        sys.exit(main(given.only, given.processes))
    except subprocess.CalledProcessError as failed:
        sys.exit(f"This command failed, with exit code {failed.returncode}: {' '.join(failed.cmd)}")
