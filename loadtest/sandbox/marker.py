"""Tells the sandbox from AWS and from every other emulator, by what it answers at ``/_sandbox``."""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
import threading
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from loadtest.target.finding import EMULATOR_PATH, Target

ADMIN_PATH: Final = "/_sandbox"
WHAT: Final = "a stand-in for AWS, not AWS"
OWN_HOST_ONLY: Final = "The sandbox is administered from its own host only."
_TIME_LIMIT_S: Final = 5
_MOST_BYTES: Final = 1 << 20


def identified(target: Target) -> Target:
    """``target``, with whether it is this project's sandbox, which only the sandbox itself can say."""
    return replace(target, is_sandbox=_may_be_asked(target) and is_sandbox(target.url))


def is_sandbox(url: str) -> bool:
    """Whether the host of ``url`` answers within seconds that it is the sandbox. Never raises."""
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(_answer(url)), daemon=True)
    asking.start()
    asking.join(_TIME_LIMIT_S)
    answer = answers[0] if answers else None
    return isinstance(answer, dict) and (answer.get("what") == WHAT or answer.get("message") == OWN_HOST_ONLY)


def _answer(url: str) -> Any:
    try:
        parts = urlsplit(url)
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl._create_unverified_context()  # noqa: S323 - it is told nothing, and no verdict rests on it
            connection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=_TIME_LIMIT_S, context=context
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIME_LIMIT_S)
        try:
            connection.request("GET", ADMIN_PATH)
            return json.loads(connection.getresponse().read(_MOST_BYTES))
        finally:
            connection.close()
    except (OSError, ValueError, RecursionError, http.client.HTTPException):
        return None


def _may_be_asked(target: Target) -> bool:
    """Whether the target looks like an emulator: any other would log a request that makes no sense to it."""
    try:
        host = urlsplit(target.s3_endpoint_url or "").hostname or ""
        local = host == "localhost" or (bool(host) and ipaddress.ip_address(host).is_loopback)
    except ValueError:
        local = False
    return local or EMULATOR_PATH in target.url
