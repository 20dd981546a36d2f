"""Do the tests notice a broken check? Changes every check in many small ways, and runs the tests on each change.

mutmut changes one place of ``loadtest/judge/checks`` at a time (reverses a comparison, drops a term, moves a boundary,
replaces a word) and runs the tests that call the changed function. A change that no test notices is a survivor, and is
printed with the code before and after it. The score is the share of changes that were noticed.

It works on a copy of what git knows of the checkout, as it is on the disk. mutmut has an environment of its own
(.build/mutation, pinned by requirements-mutation.txt), for it brings a terminal user interface along. With
``--only fresh_reads`` that file alone is changed, for the loop while writing a check.
"""

from __future__ import annotations

import os
import shutil
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
TESTS: Final = ("tests/loadtest/judge", "tests/loadtest/observed")
LEAST_SCORE: Final = 0.9
NOTICED: Final = ("killed", "timeout", "segfault", "suspicious")
"""A change after which the tests fail, never end, or take the process down with them."""
LEFT_OUT: Final = (
    "judge/test_no_false_alarm.py",  # simulated runs by the hundred
    "observed/test_watched_runs.py",
    "judge/test_fuzzed_runs.py",  # damaged files, of which the checks see nothing
    "judge/test_run_files.py",
    "judge/test_impossible_histories.py",
    "judge/test_history.py",
    "judge/test_signed_rank.py",
    "judge/test_spending.py",
    "judge/test_distributions.py",
    "judge/test_summary.py",
    "judge/test_latency.py",
    "judge/test_units.py",
    "observed/test_publish_command.py",  # real processes
    "observed/test_published_documents.py",
    "observed/test_combinations.py",
)
TOO_SLOW: Final = (
    "judge/test_versions_against_reference.py::test_every_interleaving_of_two_writes_and_two_reads_of_one_reader"
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


def copy_checkout(target: Path, mutated: str) -> None:
    """Copy what git knows of, as it is on the disk, and tell mutmut what to do with it."""
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if Path(name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, target / name)
    with (target / "pyproject.toml").open("a") as settings:
        settings.write(f'\n[tool.mutmut]\nonly_mutate = ["{mutated}"]{CONFIGURATION}')


class Mutmut:
    """mutmut in a copy of the checkout; it finds this project's packages behind its own."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.program = str(programs / "mutmut")
        self.folder = folder
        self.surroundings = os.environ | FEW_EXAMPLES | {"PYTHONPATH": sysconfig.get_path("purelib")}

    def run(self, *names: str) -> bool:
        """Make the mutants and run the tests on each; its progress goes to ``mutmut.log``. False when it failed."""
        with (self.folder / "mutmut.log").open("wb") as log:
            return not subprocess.run(
                [self.program, "run", "--max-children", str(os.cpu_count() or 1), *names],
                cwd=self.folder,
                env=self.surroundings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode

    def results(self) -> dict[str, str]:
        """What became of each mutant, by its name."""
        lines = self._ask("results", "--all", "true").splitlines()
        return dict(line.strip().rsplit(": ", 1) for line in lines if ": " in line)

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


def main(only: str | None) -> int:
    """Print the table and the survivors; returns 1 when the score is too low or there is no score."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy_checkout(Path(folder), f"{MUTATED}/{only}.py" if only else f"{MUTATED}/*")
        mutmut = Mutmut(environment(), Path(folder))
        if not mutmut.run():
            print((Path(folder) / "mutmut.log").read_text(errors="replace")[-3000:], file=sys.stderr)
            print("The mutation run failed; above is the end of what it said.", file=sys.stderr)
            return 1
        results = mutmut.results()
        survivors = sorted(name for name, status in results.items() if status not in NOTICED)
        with ThreadPoolExecutor(os.cpu_count()) as askers:
            changes = list(askers.map(mutmut.change, survivors))
    print(table(results))
    print(f"\nIn {(time.monotonic() - started) / 60:.0f} min. Survivors:\n")
    for name, change in zip(survivors, changes, strict=True):
        print(f"{name.removeprefix('loadtest.judge.checks.')}\n{change}")
    noticed = sum(status in NOTICED for status in results.values())
    return 0 if noticed >= LEAST_SCORE * len(results) else 1


if __name__ == "__main__":
    options = parser("mutation", __doc__)
    checks = sorted(path.stem for path in Path(MUTATED).glob("[a-z]*.py"))
    one = "change this file of checks alone, for example fresh_reads"
    options.add_argument("--only", choices=checks, metavar="CHECK", help=one)
    given = options.parse_args()
    try:
        sys.exit(main(given.only))
    except subprocess.CalledProcessError as failed:
        sys.exit(f"This command failed, with exit code {failed.returncode}: {' '.join(failed.cmd)}")
