"""What S3 says about origins: the CORS rules of a bucket, and the headers that they add to an answer.

Follows "Using cross-origin resource sharing (CORS)" in the Amazon S3 user guide: the first rule whose origin and method
match decides; without a match, and without an Origin header, nothing is added.
"""

from __future__ import annotations

from loadtest.sandbox.store.cors_rule import CorsRule
from loadtest.sandbox.store.objects import S3Answer

_MOST_REMEMBERED = 50


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
