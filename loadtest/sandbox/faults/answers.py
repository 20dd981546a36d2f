"""Faults of whole answers: 200 with something that is not a document, or with the document in other bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Final

from loadtest.sandbox.faults.base import Fault, ObjectRead, ShareFault
from loadtest.sandbox.faults.values import FaultValueError, share
from loadtest.sandbox.store.objects import S3Answer

PAGES: Final = (
    b'{"message": "Internal server error"}',
    b"{}",
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>",
)
REWRITINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "pretty": lambda body: json.dumps(json.loads(body), indent=2).encode(),
    "bom": lambda body: b"\xef\xbb\xbf" + body,
    "newline": lambda body: body + b"\n",
    "base64": base64.b64encode,
}


class ErrorPage(ShareFault):
    """An error, with the status and the headers of an answer."""

    name = "error-page"
    help = (
        "share of 200 answers whose body is an error message as JSON, an empty object or an HTML page, evenly, under "
        "the object's own ETag"
    )

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        if answer.status != 200 or not self.drawn():
            return answer
        return answer.with_body(self.random.choice(PAGES))


class Rewrite(Fault):
    """The same document in other bytes."""

    name = "rewrite"
    form = "RATE[,HOW]"
    help = (
        "share of 200 answers whose JSON is passed on changed: pretty (printed; if no HOW is given), bom (a byte-order "
        "mark before it), newline (a line end behind it) or base64"
    )

    def take(self, value: str) -> None:
        share_text, comma, how = value.partition(",")
        self._share = share(share_text)
        how = how.strip().lower() if comma else "pretty"
        if how not in REWRITINGS:
            raise FaultValueError(f"{value!r} says no way to rewrite; give one of {', '.join(REWRITINGS)}")
        self._rewrite = REWRITINGS[how]

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        if answer.status != 200 or not answer.body or self.random.random() >= self._share:
            return answer
        try:
            return answer.with_body(self._rewrite(answer.body))
        except ValueError:
            return answer
