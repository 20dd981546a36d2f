"""Faults of ETags: one that is not S3's, two in turn, one for two contents, and another one in answer to a PUT.

Not all of them are failures: a gateway may make ETags of its own, as long as they name contents one to one, and a store
may spell its ETag in one way to the writer and in another to readers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from loadtest.sandbox.faults.base import Fault, ObjectRead, PutPlan, ShareFault
from loadtest.sandbox.faults.values import FaultValueError
from loadtest.sandbox.store.objects import ObjectVersion, S3Answer

FORMS: Final[dict[str, Callable[[str], str]]] = {
    "hash": lambda etag: f'"{hashlib.sha256(etag.encode()).hexdigest()[:20]}"',
    "gzip": lambda etag: f'{etag[:-1]}-gzip"' if etag.endswith('"') else f"{etag}-gzip",
    "weak": lambda etag: f"W/{etag}",
    "unquoted": lambda etag: etag.strip('"'),
}
"""Ways to turn an ETag of S3 into another, one to one."""


def own_answer(read: ObjectRead, version: ObjectVersion, answer: S3Answer, form: str) -> S3Answer:
    """The answer of a gateway that gives ``version`` an ETag of its own and compares conditions with it."""
    if answer.status not in (200, 304):
        return answer
    etag, sent = FORMS[form](version.etag), read.conditions.get("if-none-match")
    current = answer.status == 304 if sent is None else sent.removeprefix("W/") == etag.removeprefix("W/")
    chosen = version.not_modified if current else version.whole
    return S3Answer(chosen.status, {**chosen.headers, "etag": etag}, chosen.body)


def form_of(value: str, forms: tuple[str, ...]) -> str:
    form = value.strip().lower()
    if form not in forms:
        raise FaultValueError(f"{value!r} is not one of {', '.join(forms)}")
    return form


class OwnEtags(Fault):
    """A gateway with ETags of its own."""

    name = "own-etags"
    form = "FORM"
    help = (
        "the gateway gives every version an ETag of its own and honours that: hash (of S3's), gzip (S3's with the "
        "suffix -gzip), weak (W/) or unquoted; no failure, as it names contents one to one"
    )

    def take(self, value: str) -> None:
        self._form = form_of(value, tuple(FORMS))

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        return answer if read.version is None else own_answer(read, read.version, answer, self._form)


class FlappingEtag(ShareFault):
    """Two servers behind one address, each with ETags of its own."""

    name = "flapping-etag"
    help = (
        "share of reads that go to a second server, which gives every version an ETag of its own and honours only that"
    )

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        if read.version is None or not self.drawn():
            return answer
        return own_answer(read, read.version, answer, "hash")


class SharedEtag(ShareFault):
    """One ETag for two contents."""

    name = "shared-etag"
    help = "share of PUTs of the object after which it keeps the ETag of the version before for all who read it"

    def writing(self, plan: PutPlan) -> None:
        plan.keeps_etag |= self.drawn()


class PutEtag(Fault):
    """The ETag that the writer is told."""

    name = "put-etag"
    form = "FORM"
    help = (
        "how the store spells the ETag in its answer to a PUT of the object: weak, unquoted, omitted, or other (one "
        "that no reader ever sees, as where objects are encrypted anew); no failure"
    )

    def take(self, value: str) -> None:
        self._form = form_of(value, ("weak", "unquoted", "omitted", "other"))

    def writing(self, plan: PutPlan) -> None:
        plan.etag_told = {"omitted": lambda _: None, "other": FORMS["hash"]}.get(self._form) or FORMS[self._form]
