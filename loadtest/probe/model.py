"""Cases, requests, answers and findings. Nothing here touches the network.

A case is data and a script: a generator that yields steps, is sent the answers, and returns a finding. So a script is a
pure function of the answers, and a test can drive it by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final

from loadtest.probe.entity_tags import EntityTag, as_kept
from loadtest.run.documents.made_up import render
from loadtest.run.records import Verdict

Headers = tuple[tuple[str, str], ...]

DOCUMENT_BYTES: Final = 4096
"""Size of the documents that the probe publishes when it may write."""


class CaseVerdict(StrEnum):
    """What one case showed, worst first."""

    FAIL = "FAIL"
    """A reader gets wrong data, or a validator that was just handed out is not honoured."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """Not known: no answer, throttled, or somebody replaced the document meanwhile."""
    DEVIATES = "DEVIATES"
    """Not as HTTP has it, but a reader still gets whole and current data: at most it costs bytes."""
    PASS = "PASS"  # noqa: S105 - not a password
    NOT_APPLICABLE = "NOT APPLICABLE"
    """The target cannot show it; the reason is given."""


@dataclass(frozen=True)
class Ask:
    """One request. Header names go out spelled exactly as here."""

    headers: Headers = ()
    method: str = "GET"
    path_suffix: str = ""
    query: str = ""
    linger: bool = False
    """Wait a moment after the answer for bytes that should not come."""
    fresh: bool = False
    """On a new connection, whatever the last answer allowed."""
    http2: bool = False

    def __str__(self) -> str:
        where = (f" …{self.path_suffix}" if self.path_suffix else "") + (f" ?{self.query}" if self.query else "")
        headers = "".join(f" · {name}: {value}" for name, value in self.headers)
        return f"{self.method}{where}{' over HTTP/2' if self.http2 else ''}{headers}"


@dataclass(frozen=True)
class Publish:
    """Replace the object with ``document``, and wait until a plain read returns it."""

    document: bytes

    def __str__(self) -> str:
        return f"PUT of {len(self.document):,} bytes to the bucket"


@dataclass(frozen=True)
class Remove:
    """Delete the object, and wait until a plain read no longer returns it."""

    def __str__(self) -> str:
        return "DELETE of the object in the bucket"


Step = Ask | Publish | Remove


@dataclass(frozen=True)
class ProbeAnswer:
    """What came back, byte for byte where it matters. For a Publish: the status and headers of S3's answer."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    excess: bytes = b""
    """Bytes that came after the end of the message (a body after a 304, say)."""
    reused: bool = False
    """The connection of the request before it in the same case was still usable."""
    closes: bool = False
    """The answer announced that the connection would be closed."""
    fault: str = ""
    """What made the answer no proper HTTP message; empty if it was one."""

    def header(self, name: str) -> str | None:
        """The value of a header, several joined by a comma; None if it is not there."""
        values = [value for sent, value in self.headers if sent.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def etag(self) -> EntityTag | None:
        """The ETag, well-formed or not: readers send back whatever they got."""
        return as_kept(self.header("ETag"))


@dataclass(frozen=True)
class Finding:
    """What a case showed, and what came back in a few words."""

    verdict: CaseVerdict
    came_back: str


Script = Generator[Step, ProbeAnswer, Finding]


@dataclass(frozen=True)
class Seen:
    """What is known before a case is tried: the first plain answer, and what the probe may do."""

    plain: ProbeAnswer
    kind: str
    """``aws``, ``sandbox`` or ``other``, as a Target says it."""
    origin: str = "https://example.com"
    no_http2: str = ""
    """Why HTTP/2 cannot be tried; empty if it can."""
    run: str = "0" * 12
    """Names the documents that the probe publishes."""
    no_removal: str = "the object is there, and removing it was not allowed (--remove)"
    """Why a missing object cannot be shown; empty if it can."""
    removable: bool = False
    """The object is there and has to be removed first."""

    @property
    def etag(self) -> EntityTag | None:
        """The validator that the first plain answer carried."""
        return self.plain.etag

    def validator(self) -> str:
        """The ETag as it is to be sent; only for cases that need one."""
        tag = self.etag
        return str(tag) if tag else ""

    def document(self, number: int) -> bytes:
        """The probe's own document of that number: JSON that proves itself."""
        return render(self.run, number, DOCUMENT_BYTES)


class Phase(Enum):
    """When a case is run."""

    READ = "read"
    WRITE = "write"
    ABSENT = "absent"
    """While there is no object."""


Need = Callable[[Seen], str]
"""Says why a case does not apply; empty when it does."""


@dataclass(frozen=True)
class Case:
    """One case of the table."""

    name: str
    section: str
    """Where the expectation comes from."""
    expectation: str
    script: Callable[[Seen], Script]
    needs: tuple[Need, ...] = ()
    phase: Phase = Phase.READ


@dataclass(frozen=True)
class Exchange:
    """One step of a case, and what came of it, for the machine-readable form."""

    step: str
    status: int
    headers: Headers
    body_bytes: int


@dataclass(frozen=True)
class Result:
    """A case with its finding."""

    case: Case
    finding: Finding
    exchanges: tuple[Exchange, ...] = field(default=())


def an_etag(seen: Seen) -> str:
    return "" if seen.etag else "the document comes without an ETag"


def a_modification_date(seen: Seen) -> str:
    return "" if seen.plain.header("Last-Modified") else "the document comes without Last-Modified"


def http2(seen: Seen) -> str:
    return seen.no_http2


def a_missing_object(seen: Seen) -> str:
    return seen.no_removal


DECISIVE: Final = "if-none-match-current"
"""The case without which nothing is shown: it has to PASS for the whole to pass."""


@dataclass(frozen=True)
class Report:
    """Everything that a probe showed. ``notes`` are sentences about the object: what was put back, what was not."""

    url: str
    kind: str
    results: tuple[Result, ...]
    notes: tuple[str, ...] = ()

    def verdict(self, strict: bool = False) -> Verdict:
        """FAIL for a failed case (strict: or one that deviates); PASS only if the decisive case passed."""
        verdicts = {result.finding.verdict for result in self.results}
        if CaseVerdict.FAIL in verdicts or (strict and CaseVerdict.DEVIATES in verdicts):
            return Verdict.FAIL
        decisive = any(
            result.case.name == DECISIVE and result.finding.verdict is CaseVerdict.PASS for result in self.results
        )
        return Verdict.PASS if decisive and CaseVerdict.INCONCLUSIVE not in verdicts else Verdict.INCONCLUSIVE
