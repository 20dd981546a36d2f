"""Which faults are injected into one run together: each acts where the others do not, and is recovered alone.

No check that one of them must fail is failed by another of the same run, but for those that are named below; and what
one takes away from another (of a body that is cut short nobody can tell that it was torn, too) is known beforehand.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.fault_cases import CASES, GATEWAY_AND_CDN, QUICK, SELDOM, FaultCase, Size
from benchmarks.own_documents import MADE_UP, options_for
from loadtest.judge.checks.assumptions import PROMISE
from loadtest.project import locust_command
from loadtest.run.files import SPOOL_FOLDER, SUMMARY_FILE
from loadtest.run.records import Verdict
from loadtest.sandbox.process import RunningSandbox
from loadtest.summary.summary import Summary, read_summary

USERS = "20"
ASSUMPTIONS = PROMISE.id
HALF = ("--arrival-rate", "250")
"""Half of the reads of the tables, for here only the largest size of each fault is to be recovered."""


@dataclass(frozen=True)
class Injected:
    """One fault at its largest size, of which the others of its run leave at least ``least`` to be seen."""

    fault: str
    value: str
    least: float = 1.0

    @property
    def case(self) -> FaultCase:
        return self._found[0]

    @property
    def size(self) -> Size:
        return self._found[1]

    @property
    def _found(self) -> tuple[FaultCase, Size]:
        ((case, size),) = (
            (case, size)
            for case in CASES
            for size in case.sizes
            if (case.fault, size.value) == (self.fault, self.value)
        )
        return case, size

    @property
    def from_start(self) -> bool:
        """Whether the run begins with it. What befalls a share of the answers may befall those that let a run begin."""
        return not self.case.after_start and ("%" not in self.value or self.value == "100%")

    def is_recovered(self, summary: Summary) -> bool:
        """Whether the size is in the reported interval, and each check fails that the fault must fail.

        The assumptions never do, as they say nothing against the target: they must be open.
        """
        reported = self.case.measure(summary)
        seen = reported.low <= self.size.truth and self.size.truth * self.least <= reported.high
        verdicts = {check.id: check.verdict for check in summary.checks}
        wanted = {check: Verdict.INCONCLUSIVE if check == ASSUMPTIONS else Verdict.FAIL for check in self.case.fails}
        return seen and wanted.items() <= verdicts.items()


@dataclass(frozen=True)
class Company:
    """One run: its faults, which documents it publishes, how long it is, and its other options."""

    name: str
    faults: tuple[Injected, ...]
    documents: str = MADE_UP
    seconds: int = 4
    arguments: tuple[str, ...] = (*QUICK, *HALF)


FEW_READS = (*QUICK, "--arrival-rate", "100")
"""So few that those which were due while nothing was answered are answered at once, however slow the machine is."""

COMPANIES = (
    Company(
        "lag",
        (
            Injected("replica-lag", "500ms"),
            Injected("truncate", "20%"),
            Injected("error-rate", "20%"),
            Injected("no-etag", "20%"),
        ),
        documents="folder",
    ),
    Company(
        "stale 304s",
        (Injected("stale-304", "60%"), Injected("304-without-etag", "100%"), Injected("throttle-rate", "20%")),
        documents="stamped",
    ),
    Company(
        "replicas",
        (Injected("replicas", "0ms,600ms"), Injected("corrupt", "20%"), Injected("304-other-etag", "20%")),
        documents="folder",
    ),
    Company("cache", (Injected("cache-ttl", "1000ms"),), seconds=5),  # no 304s, and resets would only truncate
    Company("resets", (Injected("reset-rate", "20%"), Injected("304-with-body", "20%"))),
    Company(
        "CDN",
        (Injected("cdn", "ttl1000ms"), Injected("put-etag", "other")),
        seconds=5,
        arguments=(*GATEWAY_AND_CDN, *HALF),
    ),
    Company(  # what is an error page is not seen to be the same version again
        "lost updates",
        (
            Injected("lost-update", "70%"),
            Injected("error-page", "20%"),
            Injected("ignore-if-none-match", "20%", least=0.8),
        ),
        seconds=6,
    ),
    Company(
        "rewritten",
        (Injected("rewrite", "20%,base64"), Injected("flapping-etag", "40%"), Injected("replica-lag", "1ms")),
        documents="stamped",
    ),
    Company("frozen", (Injected("freeze", "1000ms/3s"),), seconds=5, arguments=FEW_READS),
    Company("foreign", (Injected("foreign-writer", "500ms"),), documents="stamped"),  # its reads are in no latency
    Company("blocked", (Injected("write-block", "300ms"), Injected("own-etags", "unquoted")), arguments=SELDOM),
    Company("shared ETags", (Injected("shared-etag", "60%"), Injected("torn", "20%")), documents="stamped"),
    Company("late", (Injected("late-write", "50ms,60%"), Injected("etag-swap", "20%"))),
    Company("unheard", (Injected("lost-ack", "60%"), Injected("always-304", "20%"))),
)


def run_with(company: Company, sandbox: RunningSandbox, folder: Path, begin: Callable[[list[str]], Any]) -> Summary:
    """The summary of the company's run, in ``folder``. The sandbox is left without a fault."""
    run_dir = folder / "run"
    command = locust_command()
    command += ["--only-summary", "-u", USERS, "-r", USERS, "-t", f"{company.seconds}s", "--seed", "1"]
    command += ["--outputs", str(sandbox.outputs_path), "--run-dir", str(run_dir), *company.arguments]
    at_first = {each.fault: each.value for each in company.faults if each.from_start}
    sandbox.set_faults(at_first)
    try:
        process = begin([*command, *options_for(company.documents, folder / "documents", company.name)])
        while process.poll() is None and not (run_dir / SPOOL_FOLDER).exists():
            time.sleep(0.02)
        # Version 0 has come out, and the first read is due in half a second; a few may come before the other faults.
        sandbox.set_faults({each.fault: each.value for each in company.faults if each.fault not in at_first})
        output, _ = process.communicate(timeout=120)
    finally:
        sandbox.clear_faults()
    assert (run_dir / SUMMARY_FILE).exists(), output
    return read_summary(run_dir / SUMMARY_FILE)
