"""Whether a request's API key lets it pass, and what API Gateway answers if not.

403 without a key, or with one that no plan of the stage holds; 429 for a key that has used up its plan ("Throttle
requests to your REST APIs", "Gateway response types"). A quota counts from when the sandbox began to serve the stage:
no sandbox lives for the day, week or month of a quota.
"""

from __future__ import annotations

from typing import Final

from loadtest.sandbox.gateway.request_plan import Headers
from loadtest.sandbox.gateway.throttle import TokenBucket
from loadtest.sandbox.stack.definition import ReaderKey

HEADER: Final = b"x-api-key"


class _Allowance:
    def __init__(self, key: ReaderKey) -> None:
        self._left = key.quota
        self._bucket = None if key.rate is None else TokenBucket(key.rate, key.burst or 1)

    def refusal(self) -> str | None:
        if self._left == 0:
            return "QUOTA_EXCEEDED"
        if self._bucket is not None and not self._bucket.takes():
            return "THROTTLED"
        if self._left is not None:
            self._left -= 1
        return None


class Keyring:
    """The keys of one stage."""

    def __init__(self, keys: tuple[ReaderKey, ...]) -> None:
        self._allowances = {key.value.encode(): _Allowance(key) for key in keys}

    def refusal(self, sent: Headers) -> str | None:
        """The type of API Gateway's answer to a request with these headers; None: it may pass."""
        value = next((value for name, value in sent if name.lower() == HEADER), None)
        allowance = None if value is None else self._allowances.get(value)
        return "INVALID_API_KEY" if allowance is None else allowance.refusal()
