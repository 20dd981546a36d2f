"""What S3 says about origins: the CORS rules of a bucket, and the headers that they add to an answer.

Follows "Using cross-origin resource sharing (CORS)" in the Amazon S3 user guide: the first rule whose origin and method
match decides; without a match, and without an Origin header, nothing is added.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from loadtest.sandbox.store.objects import S3Answer

_MOST_REMEMBERED = 50


@dataclass(frozen=True)
class CorsRule:
    """One rule; an origin may hold one ``*``."""

    allowed_origins: tuple[str, ...]
    allowed_methods: tuple[str, ...]
    expose_headers: tuple[str, ...] = ()
    max_age_seconds: int | None = None

    def allows(self, origin: str, method: str) -> bool:
        return method in self.allowed_methods and any(
            re.fullmatch(re.escape(allowed).replace(r"\*", ".*"), origin) for allowed in self.allowed_origins
        )

    def headers(self, origin: str) -> dict[str, str]:
        """The headers that the rule adds (lower-case names)."""
        anyone = "*" in self.allowed_origins
        headers = {
            "access-control-allow-origin": "*" if anyone else origin,
            "access-control-allow-methods": ", ".join(self.allowed_methods),
            "vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
        }
        if not anyone:
            headers["access-control-allow-credentials"] = "true"
        if self.expose_headers:
            headers["access-control-expose-headers"] = ", ".join(self.expose_headers)
        if self.max_age_seconds is not None:
            headers["access-control-max-age"] = str(self.max_age_seconds)
        return headers


def with_cors(answer: S3Answer, rules: tuple[CorsRule, ...], origin: str, method: str) -> S3Answer:
    """``answer`` with what the bucket's rules add for a request of ``origin``."""
    remembered = answer.memo.setdefault("cors", {})
    answered: S3Answer | None = remembered.get((rules, origin, method))
    if answered is None:
        rule = next((rule for rule in rules if rule.allows(origin, method)), None)
        answered = (
            answer if rule is None else S3Answer(answer.status, {**answer.headers, **rule.headers(origin)}, answer.body)
        )
        if len(remembered) < _MOST_REMEMBERED:
            remembered[rules, origin, method] = answered
    return answered
