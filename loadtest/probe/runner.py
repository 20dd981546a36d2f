"""Runs the cases against a target, one request at a time, and reports what they showed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from loadtest.cleaned import printable, shown, without_secrets
from loadtest.errors import UsageError
from loadtest.http1.address import Address
from loadtest.http1.limits import most_body_bytes
from loadtest.probe.cases import ALL
from loadtest.probe.first_look import first_answer, named_origin, wait_out_the_second
from loadtest.probe.http1 import Http1, TransportError
from loadtest.probe.http2 import Http2, why_not
from loadtest.probe.judging import looks_absent, not_applicable
from loadtest.probe.model import (
    DOCUMENT_BYTES,
    Ask,
    Case,
    CaseVerdict,
    Exchange,
    Finding,
    Headers,
    Phase,
    ProbeAnswer,
    Publish,
    Report,
    Result,
    Seen,
    Step,
)
from loadtest.probe.probed_object import (
    NotVisibleError,
    Original,
    ProbedObject,
    interruptible,
    original_from,
    undisturbed,
)
from loadtest.target.finding import Target

MOST_SHOWN_OF_A_FINDING: Final = 500
TIME_LIMIT_S: Final = 30.0
"""API Gateway itself gives up after 29 s (Amazon API Gateway quotas, "Integration timeout")."""
MOST_UNANSWERED: Final = 3
"""After so many cases in a row without an answer the rest is not tried: each may take the whole time limit."""
_NO_WRITING: Final = "it replaces the object, which --write allows"
_NO_DOCUMENT: Final = "there is no document to probe"


@dataclass(frozen=True)
class ProbePlan:
    """What the probe may do, and how."""

    write: bool = False
    remove: bool = False
    origin: str = ""
    """The web origin that CORS is tried with; empty: the one that the target names, or any."""
    time_limit_s: float = TIME_LIMIT_S


class Probe:
    """One probe of one target."""

    def __init__(
        self,
        target: Target,
        plan: ProbePlan,
        tell: Callable[[Case], None] = lambda case: None,
        cases: Sequence[Case] = ALL,
    ) -> None:
        self._target = target
        self._plan = plan
        self._tell = tell
        self._cases = cases
        self._address = Address.of(target.url, target.access.headers)
        self._http1 = Http1(self._address, plan.time_limit_s, target.access)
        self._http2 = Http2(self._address, plan.time_limit_s, target.access)
        self._probed: ProbedObject | None = None
        self._given_up = ""
        self._unanswered = 0
        self._results: dict[str, Result] = {}
        self.notes: list[str] = []
        """What became of the object, in sentences; known even when the probe is stopped."""

    def run(self) -> Report:
        """Try every case.

        Raises:
            UsageError: nothing answers, or what answers is no deployment of a document; or --write is not safe.
        """
        try:
            plain = first_answer(self._target, self._http1)
            is_absent = looks_absent(plain)
            if self._plan.write:
                self._probed = ProbedObject(self._target, lambda: self._http1.exchange(Ask()), self._plan.time_limit_s)
            seen = self._seen(plain, is_absent)
            if is_absent:
                self._try(Phase.ABSENT, seen)
            if self._probed is None:
                self._read_only(seen, is_absent)
            else:
                self._writing(self._probed, seen, is_absent)
        except TransportError as error:
            raise UsageError(f"{self._target.shown_url} no longer answers: {error}; probe again.") from None
        except NotVisibleError as error:  # of what the probe puts before the first case; a case says so itself
            raise UsageError(
                f"{self._target.shown_url} does not serve what is in s3://{self._target.bucket}/"
                f"{self._target.object_key}: {error}; check that this address reads that object, and that "
                "no cache and no ACL is in the way."
            ) from None
        finally:
            self._http1.close()
            self._http2.close()
        ordered = tuple(self._results[case.name] for case in self._cases if case.name in self._results)
        return Report(self._target.shown_url, self._target.kind, ordered, tuple(self.notes))

    def _read_only(self, seen: Seen, is_absent: bool) -> None:
        if is_absent:
            self._skip(Phase.READ, f"{_NO_DOCUMENT}: nothing has been published yet")
        else:
            self._try(Phase.READ, seen)
            self._try(Phase.ABSENT, seen)  # says why not
        self._skip(Phase.WRITE, _NO_WRITING)

    def _writing(self, probed: ProbedObject, seen: Seen, is_absent: bool) -> None:
        with self._put_back_afterwards(probed, seen, is_absent):
            if is_absent:
                put = probed.publish(seen.document(0))
                if put.status != 200:
                    raise UsageError(_cannot_write(probed, put))
                self.notes.append("Nothing was published: the probe's own document was probed.")
            seen = self._seen(self._http1.exchange(Ask()), is_absent=False)  # a PUT gave it another date
            self._try(Phase.READ, seen)
            self._try(Phase.WRITE, seen)
            if not is_absent:
                self._try(Phase.ABSENT, seen)

    @contextmanager
    def _put_back_afterwards(self, probed: ProbedObject, seen: Seen, is_absent: bool) -> Iterator[None]:
        """Put the old bytes back after the block, however it ends; also once before it, to see that this works."""
        original: Original | None = None if is_absent else original_from(seen.plain, self._target.url)
        if original is not None:
            self._rehearse(probed, original)
        with interruptible():
            try:
                yield
            finally:
                with undisturbed():
                    self.notes.append(probed.leave_empty() if original is None else probed.put_back(original))

    def _rehearse(self, probed: ProbedObject, original: Original) -> None:
        """Put the very bytes that are there: if that fails, they could not be put back later either."""
        if not_kept := probed.keep(original):
            self.notes.append(f"Of what was there, this is not put back: {', and '.join(not_kept)}.")
        rehearsal = probed.publish(original.body, original)
        if rehearsal.status != 200:
            raise UsageError(_cannot_write(probed, rehearsal))

    def _seen(self, plain: ProbeAnswer, is_absent: bool) -> Seen:
        self._http1.most_body = self._http2.most_body = most_body_bytes(max(len(plain.body), DOCUMENT_BYTES))
        self._http1.close()  # every case begins with a connection of its own
        seen = Seen(
            plain=plain,
            kind=self._target.kind,
            origin=self._plan.origin or named_origin(plain),
            no_http2=why_not(self._address, self._plan.time_limit_s, self._target.access),
            run=secrets.token_hex(6),
        )
        if is_absent:
            return replace(seen, no_removal="")
        wait_out_the_second(plain)
        return replace(seen, no_removal="", removable=True) if self._plan.write and self._plan.remove else seen

    def _try(self, phase: Phase, seen: Seen) -> None:
        for case in self._of(phase):
            reason = next((reason for need in case.needs if (reason := need(seen))), "")
            self._tell(case)
            if self._unanswered >= MOST_UNANSWERED:
                silent = f"not tried: {self._unanswered} cases before it had no answer"
                self._results[case.name] = Result(case, Finding(CaseVerdict.INCONCLUSIVE, silent))
                continue
            self._results[case.name] = Result(case, not_applicable(reason)) if reason else self._drive(case, seen)

    def _skip(self, phase: Phase, reason: str) -> None:
        for case in self._of(phase):
            self._results[case.name] = Result(case, not_applicable(reason))

    def _of(self, phase: Phase) -> list[Case]:
        return [case for case in self._cases if case.phase is phase and case.name not in self._results]

    def _drive(self, case: Case, seen: Seen) -> Result:
        exchanges: list[Exchange] = []
        script = case.script(seen)
        try:
            step = next(script)
            while True:
                answer = self._do(step)
                step_text = without_secrets(str(step), self._target.url)
                exchanges.append(Exchange(step_text, answer.status, self._cleaned(answer.headers), len(answer.body)))
                if answer.fault:
                    broken = Finding(CaseVerdict.FAIL, f"a broken answer to {step}: {answer.fault}")
                    return Result(case, self._shown(broken), tuple(exchanges))
                step = script.send(answer)
        except StopIteration as end:
            self._unanswered = 0
            finding: Finding = end.value
        except TransportError as error:
            self._unanswered += 1
            finding = Finding(CaseVerdict.INCONCLUSIVE, f"no answer to {step}: {error}")
        except NotVisibleError as error:
            self._given_up = str(error)
            finding = Finding(CaseVerdict.INCONCLUSIVE, self._given_up)
        finally:
            script.close()
            self._http1.close()
            self._http2.close()
        return Result(case, self._shown(finding), tuple(exchanges))

    def _shown(self, finding: Finding) -> Finding:
        """What came back is somebody else's text, and may quote the address."""
        return replace(finding, came_back=shown(finding.came_back, self._target.url, MOST_SHOWN_OF_A_FINDING))

    def _cleaned(self, headers: Headers) -> Headers:
        return tuple((name, without_secrets(value, self._target.url)) for name, value in headers)

    def _do(self, step: Step) -> ProbeAnswer:
        if isinstance(step, Ask):
            return (self._http2 if step.http2 else self._http1).exchange(step)
        if self._given_up or self._probed is None:
            raise NotVisibleError(self._given_up or _NO_WRITING)
        return self._probed.publish(step.document) if isinstance(step, Publish) else self._probed.remove()


def _cannot_write(probed: ProbedObject, put: ProbeAnswer) -> str:
    reason = printable(put.body.decode("utf-8", "replace")) or "no reason given"
    return f"{probed.place} cannot be written ({put.status} {reason}): check the key, the bucket and the region."
