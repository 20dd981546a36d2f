"""A Locust process under test, and the report command."""

import io
import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtest.__main__ import main
from loadtest.run.files import CLOCKS_FILE, DOCUMENTS_FOLDER, JOURNAL_NAME
from loadtest.run.spool.recording_processes import still_recording
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE

PROJECT = Path(__file__).resolve().parents[3]
SHORT = (
    *("--window", "0.5", "--write-interval", "0.1", "--payload-bytes", "2048"),
    *("--arrival-rate", "250", "--seed", "1"),
)
OPEN = (*SHORT, "--window", "0", "--write-interval", "0.2")
"""For a run whose length is not known: it would begin with a long rest, in which nothing is written."""
LATENCY = "10ms"
"""Of the sandbox. Where PUTs take next to no time, few reads would meet one; reads that last meet each of them."""
ANSWERED = {"reads": 400, "writes": 8}
"""So much must be recorded for the answers to be sure."""


def until(holds: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until something holds; no machine is so slow that it does not within two minutes."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"that was not so within {seconds} s"
        time.sleep(0.05)


@dataclass
class Run:
    """A Locust process and the run directory that it was told to use."""

    run_dir: Path
    process: Any
    output: str = ""
    code: int | None = None

    def wait(self, seconds: float = 120) -> "Run":
        rest, _ = self.process.communicate(timeout=seconds)
        self.output += rest
        self.code = self.process.returncode
        return self

    def wait_until_recorded(self, reads: int = 100, writes: int = 0) -> None:
        """Wait until so many reads have been flushed, and so many PUTs have returned after that of version 0."""
        self.wait_until(lambda: self.flushed() > reads and self.journal().count('"outcome"') > writes)

    def wait_until_said(self, words: str) -> None:
        """Wait until this is in the output."""
        self.wait_until(lambda: words in self.said())

    def said(self) -> str:
        """The output up to now."""
        stdout = self.process.stdout
        while select.select([stdout], [], [], 0)[0] and (more := os.read(stdout.fileno(), 65536)):
            self.output += more.decode(errors="replace")
        return self.output

    def flushed(self, share: str = "") -> int:
        """How many reads have been flushed, by all processes or by that of one share."""
        spools = self.run_dir.glob(f"spool/{share}*.reads")
        return sum(path.stat().st_size for path in spools) // SPOOLED_READ_DTYPE.itemsize

    def journal(self) -> str:
        """What the writer has noted."""
        journal = self.run_dir / JOURNAL_NAME
        return journal.read_text() if journal.exists() else ""

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, while the process goes on."""

        def holds_now() -> bool:
            if holds():
                return True
            assert self.process.poll() is None, self.wait().output
            return False

        try:
            until(holds_now)
        except AssertionError as in_vain:
            in_vain.add_note(self.said())
            raise

    def signal(self, number: int) -> "Run":
        os.kill(self.process.pid, number)
        return self

    @property
    def description(self) -> dict[str, Any]:
        """``run.json``."""
        content: dict[str, Any] = json.loads((self.run_dir / "run.json").read_text())
        return content

    @property
    def summary(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.run_dir / "summary.json").read_text())
        return content

    def question(self, name: str) -> dict[str, Any]:
        return next(question for question in self.summary["questions"] if question["id"] == name)

    def check(self, name: str) -> dict[str, Any]:
        return next(check for check in self.summary["checks"] if check["id"] == name)


NEVER_MET = ("--threshold", "reads < 1")

Start = Callable[..., Run]
Type = Callable[[str], Run]


def report(run_dir: Path) -> subprocess.CompletedProcess[str]:
    """What ``python -m loadtest report RUN_DIR`` does, here."""
    said, answers = io.StringIO(), io.StringIO()
    with redirect_stderr(said), redirect_stdout(answers):
        code = main(["report", str(run_dir)])
    return subprocess.CompletedProcess([], code, answers.getvalue(), said.getvalue())


FILES = {
    "run.json", "reads.parquet", "writes.parquet", "windows.parquet", "generator.parquet", "requests.parquet",
    "SHA256SUMS", "summary.json", "report.md", "report.html", "junit.xml",
}  # fmt: skip
KEPT = "kept"
"""What is known of the object before the run; there where the writer may not look or remove."""


def files_of(run: Run) -> set[str]:
    """The files of a run, but for those that depend on the writer's key, the documents and the number of processes."""
    return {path.name for path in run.run_dir.iterdir()} - {KEPT, CLOCKS_FILE, DOCUMENTS_FOLDER}


def assert_answered(run: Run, codes: tuple[int, ...] = (0, 3)) -> None:
    """Everything but the impact, for which these runs are too short, is answered with PASS."""
    assert run.code in codes, run.output
    assert files_of(run) == FILES
    for name in ("whole", "freshness", "conditional"):
        assert run.question(name)["verdict"] == "PASS", run.question(name)
    assert run.check("availability")["verdict"] == "PASS"


def assert_judged_once(run: Run) -> None:
    """A run with a threshold that is `NEVER_MET`, ended by a signal: answered as any other, once; its code tells."""
    assert_answered(run, codes=(1,))
    assert run.output.count("Is every read whole?") == 1
    assert (run.run_dir.parent / "latest").resolve() == run.run_dir
    assert "Traceback" not in run.output


def assert_recovered(run: Run, reads: int) -> None:
    """All that was flushed of a run that was killed is judged by the report command."""
    until(lambda: not still_recording(run.run_dir))
    finished = report(run.run_dir)
    assert finished.returncode in (0, 3), finished.stderr
    assert files_of(run) == FILES
    assert run.summary["run"]["ended"]["recovered"] is True
    assert run.summary["run"]["reads"] >= reads
    assert run.question("freshness")["verdict"] == "PASS"
