"""What the probe and the load test both look at, they judge alike: both are run against every fault that both can see.

The table of docs/etag.md says which case of the probe and which number of the load test stand for a rule. For each
fault the rules that either finds broken are compared: with each other, and with those that the fault breaks.
"""

import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from history_language import build, run_info

from loadtest.commands.probe import target_from
from loadtest.http1.address import Address, request
from loadtest.http1.connection import Connection
from loadtest.judge.analyse import summarise
from loadtest.load.reading.session import ReadAnswer, Session
from loadtest.probe import http1
from loadtest.probe.cases import ALL
from loadtest.probe.http1 import LINGER_S
from loadtest.probe.model import CaseVerdict
from loadtest.probe.runner import Probe, ProbePlan
from loadtest.run.documents.made_up import render
from loadtest.run.documents.made_up_verifier import Verifier
from loadtest.run.etags.versions_named import SpooledReads, name_versions
from loadtest.run.records import WRITE_DTYPE, ReadOutcome, WriteOutcome, empty, opaque
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE
from loadtest.sandbox.faults.registry import BY_NAME
from loadtest.sandbox.process import RunningSandbox
from loadtest.target.s3_client import s3_client, s3_session

PROJECT = Path(__file__).resolve().parents[2]
SIZE = 1000
VERSIONS = 12
READS_OF_EACH = 14
"""An odd number a session: every other read is conditional, and it must be the first after a PUT now and then."""
LATE_BODY = "304-with-body"
"""The fault whose bytes may come some time after the answer."""
_BEGIN, _END = "<!-- rules: begin -->", "<!-- rules: end -->"


@dataclass(frozen=True)
class Rule:
    """One line of the table: its name, the probe's cases, and the checks and numbers of the load test."""

    name: str
    cases: frozenset[str]
    numbers: frozenset[str]


def rules() -> list[Rule]:
    text = (PROJECT / "docs" / "etag.md").read_text(encoding="utf-8")
    lines = text.split(_BEGIN)[1].split(_END)[0].strip().splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    quoted = [tuple(frozenset(re.findall("`([^`]+)`", cell)) for cell in row[1:3]) for row in cells]
    return [Rule(row[0], cases, numbers) for row, (cases, numbers) in zip(cells, quoted, strict=True)]


RULES = {rule.name: rule for rule in rules()}
HAS_ETAG = "A 200 carries an ETag"
NAMES = "An ETag names one document"
ONE_AT_A_TIME = "A document has one ETag at a time"
HONOURED = "The current ETag, as it was handed out, is answered 304"
UNASKED = "Without a condition there is no 304"
NO_BODY = "A 304 has no body"
ETAG_ON_304 = "A 304 carries the ETag of the document that it confirms"
REPLACED = "The ETag of a document that was replaced is answered 200"
WHOLE = "A document comes whole, byte for byte"


@dataclass(frozen=True)
class Case:
    """A fault, the rule that it is about, and the rules that may look broken because of it."""

    fault: str
    value: str
    breaks: frozenset[str] = frozenset()
    may_break: frozenset[str] = frozenset()
    from_start: bool = False
    """On before the first answer, while there is no object: what the probe puts is all that there is."""


def case(fault: str, value: str, *breaks: str, may_break: tuple[str, ...] = (), from_start: bool = False) -> Case:
    return Case(fault, value, frozenset(breaks), frozenset(may_break), from_start)


def broken_bodies(fault: str, value: str) -> Case:
    """To the probe, which holds one document, a broken one is another one under the same ETag as well."""
    return case(fault, value, WHOLE, may_break=(NAMES, ONE_AT_A_TIME))


CASES = (
    *(case("own-etags", form, from_start=True) for form in ("hash", "gzip", "weak", "unquoted")),
    *(case("put-etag", form, from_start=True) for form in ("weak", "unquoted", "omitted", "other")),
    case("no-etag", "100%", HAS_ETAG, may_break=(NAMES, ETAG_ON_304)),
    case("etag-swap", "100%", NAMES, may_break=(ONE_AT_A_TIME, WHOLE, HONOURED, REPLACED, ETAG_ON_304)),
    case("shared-etag", "100%", NAMES, may_break=(REPLACED, HONOURED, ETAG_ON_304)),
    case("flapping-etag", "50%", ONE_AT_A_TIME, may_break=(NAMES, HONOURED, ETAG_ON_304)),
    case("ignore-if-none-match", "100%", HONOURED),
    case("always-304", "100%", UNASKED, may_break=(WHOLE, REPLACED, ETAG_ON_304)),
    case("304-with-body", "100%", NO_BODY),
    case("304-without-etag", "100%", ETAG_ON_304),
    case("304-other-etag", "100%", ETAG_ON_304),
    case("stale-304", "100%", REPLACED),
    *(broken_bodies(fault, "100%") for fault in ("torn", "truncate", "corrupt", "error-page")),
    *(broken_bodies("rewrite", f"100%,{how}") for how in ("pretty", "bom", "newline", "base64")),
)
ONE_OF_THEM_CANNOT_SEE = {
    "freeze", "latency", "latency-200", "latency-304", "after-write", "write-block",  # the probe measures no times
    "replica-lag", "replicas", "cache-ttl",  # the probe waits until what it put comes out, for 20 s
    "cdn",  # nor does either ask for an address behind it
    "error-rate", "throttle-rate", "reset-rate",  # to the probe that is no answer: INCONCLUSIVE
    "lost-ack", "late-write", "lost-update", "foreign-writer",  # of writes that the probe does not make
}  # fmt: skip


@pytest.fixture
def sandbox(sandboxes) -> RunningSandbox:
    running = sandboxes("conditional")
    running.enforce_iam(False)  # the object is removed before every case
    return running


class Object:
    """The object behind the sandbox, in the hands of somebody who may do everything."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.run = secrets.token_hex(6)  # no case may know the documents of another
        self.target = target_from(None, outputs=str(sandbox.outputs_path))
        key = self.target.credentials
        self._client = s3_client(s3_session(key.access_key_id, key.secret_access_key), "us-east-1", sandbox.url)

    def put(self, version: int) -> str | None:
        """Put a version; the ETag that its writer is told."""
        said = self._client.put_object(
            Bucket=self.target.bucket,
            Key="payload.json",
            Body=render(self.run, version, SIZE),
            ContentType="application/json",
        )
        return said.get("ETag")

    def remove(self) -> None:
        self._client.delete_object(Bucket=self.target.bucket, Key="payload.json")


def found_by_probe(sandbox: RunningSandbox, stored: Object, tried: Case) -> set[str]:
    names = frozenset().union(*(rule.cases for rule in RULES.values()))
    chosen = [each for each in ALL if each.name in names]
    stored.remove()
    if tried.from_start:
        sandbox.set_fault(tried.fault, tried.value)
    else:
        stored.put(0)
        stored.put(1)  # some faults show what was there before
    probe = Probe(
        stored.target,
        ProbePlan(write=True, time_limit_s=5),
        lambda _: sandbox.set_fault(tried.fault, tried.value),
        chosen,
    )
    try:
        report = probe.run()
    finally:
        sandbox.clear_faults()
    failed = {each.case.name for each in report.results if each.finding.verdict is CaseVerdict.FAIL}
    return {rule.name for rule in RULES.values() if rule.cases & failed}


def found_by_load_test(sandbox: RunningSandbox, stored: Object, tried: Case) -> set[str]:
    """A short run of the load test's own parts, one read after the other, judged as every run is."""
    stored.remove()
    if tried.from_start:
        sandbox.set_fault(tried.fault, tried.value)
    try:
        summary = summarise(_history(sandbox, stored, tried))
    finally:
        sandbox.clear_faults()
    found = {number.name for check in summary.checks for number in check.numbers if number.value}
    found |= {check.id for check in summary.checks if check.found}
    return {rule.name for rule in RULES.values() if rule.numbers & found}


def _history(sandbox: RunningSandbox, stored: Object, tried: Case):
    address = Address.of(stored.target.url)
    connection = Connection(address)
    sessions = [Session(number, Verifier(stored.run, SIZE), 0.5) for number in range(2)]
    reads, writes, tags, told = [], empty(WRITE_DTYPE, VERSIONS), {"": 0}, {}
    for version in range(VERSIONS):
        if version == 2:
            sandbox.set_fault(tried.fault, tried.value)
        write = writes[version]
        write["version"], write["bytes"], write["outcome"] = version, SIZE, WriteOutcome.ACKED
        write["scheduled_ns"] = write["called_ns"] = time.monotonic_ns()
        write["etag"], write["error"] = stored.put(version) or "", ""
        write["returned_ns"] = time.monotonic_ns()
        if write["etag"]:
            told.setdefault(opaque(write["etag"]), []).append(version)
        for number in range(READS_OF_EACH):
            reads.append(_read(address, connection, sessions[number % 2], tags, linger=tried.fault == LATE_BODY))
    connection.close()
    records = np.array(reads, dtype=SPOOLED_READ_DTYPE)
    return build(name_versions([SpooledReads(0, records, list(tags))], told), writes, info=run_info(payload_bytes=SIZE))


def _read(address: Address, connection: Connection, session: Session, tags: dict[str, int], *, linger: bool):
    question = session.ask()
    headers = [("Host", address.authority), ("Accept-Encoding", "identity")]
    headers += [("If-None-Match", question.etag)] if question.etag is not None else []
    called = time.monotonic_ns()
    came = connection.exchange(
        request("GET", address.target, headers), 5, linger_s=0.02 if linger and question.etag else 0
    )
    body = came.excess if came.status == 304 else bytes(came.body)
    answer = ReadAnswer(came.status, came.field(b"etag"), body, came.failure)
    outcome, version = session.identify(question, answer)
    line = tags.setdefault(answer.etag or "", len(tags))
    if outcome is ReadOutcome.WHOLE:
        session.keep(answer.etag, line, version)
    record = np.zeros(1, dtype=SPOOLED_READ_DTYPE)[0]
    record["session"], record["version"], record["status"], record["outcome"] = (
        session.number,
        version,
        came.status,
        outcome,
    )
    record["scheduled_ns"] = record["called_ns"] = called
    record["returned_ns"], record["body_bytes"] = came.returned_ns, len(body)
    record["etag"], record["sent_etag"] = line, question.etag_line
    return record


def test_every_fault_that_both_can_see_is_tried() -> None:
    assert {each.fault for each in CASES} | ONE_OF_THEM_CANNOT_SEE == set(BY_NAME)
    assert {rule for each in CASES for rule in each.breaks} == set(RULES)
    assert {name for rule in RULES.values() for name in rule.cases} <= {each.name for each in ALL}


@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("tried", CASES, ids=lambda tried: f"{tried.fault}={tried.value}")
def test_probe_and_load_test_find_the_same_rules_broken(
    sandbox: RunningSandbox, tried: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    if tried.fault == LATE_BODY:
        monkeypatch.setattr(http1, "LINGER_S", LINGER_S)
    stored = Object(sandbox)
    by_load_test = found_by_load_test(sandbox, stored, tried)
    by_probe = found_by_probe(sandbox, stored, tried)
    assert by_load_test - tried.may_break == by_probe - tried.may_break == tried.breaks, (by_load_test, by_probe)
