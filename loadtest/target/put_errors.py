"""A PUT that was not acknowledged: its outcome, and the error text of S3, STS, a proxy or boto3.

The text begins with a name (``AccessDenied (HTTP 403): …``), by which :mod:`loadtest.target.remedies` finds what to do.
Text from others is passed on cut, with control characters escaped, and without secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from loadtest.cleaned import public_url
from loadtest.run.records import WriteOutcome
from loadtest.target.departure import Departure

MOST_CHARACTERS: Final = 200
NOT_S3: Final = "AnswerNotOfS3"
_NOT_DEFINITE: Final = frozenset({"RequestTimeout", "RequestTimeoutException"})
_SECRETS: Final = (
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{8,}"), "…"),
    (re.compile(r"(?<=://)[^/@\s'\"]*@"), ""),
    (re.compile(r"([?&;](?:[\w.-]+)=)[^&\s'\"]+"), r"\1…"),
    (
        re.compile(
            r"(?i)((?:secret|token|password|passwd|signature|credential|api[_-]?key|access[_-]?key(?:[_-]?id)?)"
            r"['\"]?\s*[=:]\s*['\"]?)[^\s'\",}]+"
        ),
        r"\1…",
    ),
)
_TAG: Final = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Failure:
    """A PUT that was not acknowledged."""

    outcome: WriteOutcome
    error: str
    request_id: str = ""


def failure_of(error: BaseException, departure: Departure | None, secrets: Iterable[str] = ()) -> Failure:
    """The failure behind an exception. A PUT of which no byte left is refused, whatever the exception is called."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    never_left = departure is None or departure.first_byte_ns is None
    if "Error" not in response:
        outcome = WriteOutcome.REFUSED if never_left else WriteOutcome.UNKNOWN
        return Failure(outcome, _named(type(error).__name__, str(error), secrets))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    code = str(response["Error"].get("Code") or "unknown")
    message = str(response["Error"].get("Message") or "")
    if code.isdigit() and departure is not None:  # botocore could not parse the document, perhaps for one character
        code, message = _read_anyway(departure, code, message)
    request_id = shown(str(response.get("ResponseMetadata", {}).get("RequestId") or ""), secrets)
    operation = str(getattr(error, "operation_name", ""))
    if departure is None or never_left:  # an earlier request failed: for a role, or a session
        return Failure(WriteOutcome.REFUSED, _named(f"{code} (HTTP {status}) of {operation}", message, secrets))
    strange = not_of_s3(departure, secrets)
    if strange:
        return Failure(WriteOutcome.UNKNOWN, strange)
    definite = (300 <= status < 500 and code not in _NOT_DEFINITE) or code == "NotImplemented"
    name = f"{code} (HTTP {status})" + ("" if operation == "PutObject" else f" of {operation}")
    return Failure(
        WriteOutcome.REFUSED if definite else WriteOutcome.UNKNOWN, _named(name, message, secrets), request_id
    )


def not_of_s3(departure: Departure, secrets: Iterable[str] = ()) -> str:
    """The error text for an answer that no S3 gives: an error without S3's document; "" for one that may be S3's."""
    if departure.answer is None:
        return ""
    status, headers, body = departure.answer
    if status < 300:
        strange = bool(body.strip()) and "etag" not in headers
    else:
        strange = not (b"<Error" in body and b"<Code>" in body)
    if not strange:
        return ""
    kind = headers.get("content-type", "").partition(";")[0]
    text = _TAG.sub(" ", body.decode("utf-8", "replace"))
    where = f" with Location {public_url(headers['location'])}" if "location" in headers else ""
    return _named(f"{NOT_S3} (HTTP {status}{f', {kind}' if kind else ''}){where}", text, secrets)


def _read_anyway(departure: Departure, code: str, message: str) -> tuple[str, str]:
    document = departure.answer[2].decode("utf-8", "replace") if departure.answer is not None else ""
    own_code = re.search(r"<Code>\s*(\w{1,60})\s*</Code>", document)
    own_message = re.search(r"<Message>(.*?)</Message>", document, re.DOTALL)
    return (own_code[1], own_message[1] if own_message else "") if own_code else (code, message)


def shown(text: str, secrets: Iterable[str] = (), most: int = MOST_CHARACTERS) -> str:
    """Text from outside as it may be printed and stored: one line, cut, without secrets."""
    for secret in sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True):
        text = text.replace(secret, "…")
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    text = " ".join(text[: 20 * most].split())
    escaped = "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
    return escaped if len(escaped) <= most else f"{escaped[: most - 1]}…"


def _named(name: str, message: str, secrets: Iterable[str]) -> str:
    message = shown(message, secrets).rstrip(".")
    name = shown(name, secrets, 300)
    return f"{name}: {message}" if message else name
