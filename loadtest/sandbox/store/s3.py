"""S3's side of an integration: what GetObject and HeadObject answer, given a version, a role and conditions.

Conditions in the order of RFC 9110, section 13.2.2. If-None-Match is compared with the ETag exactly: a weak validator,
a list and ``*`` match nothing. Whether S3 honours those is not known, so this is the stricter reading (moto's S3 has
it too). If-Modified-Since has the resolution of HTTP dates, one second, as S3 has.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from html import escape

from loadtest.sandbox.store.objects import ObjectVersion, S3Answer

_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")


def get_object(version: ObjectVersion | None, conditions: dict[str, str], key: str, may_list: bool) -> S3Answer:
    """The answer for ``version`` to a request with ``conditions`` (lower-case header names).

    A missing object is 404 for a role that may list the bucket and 403 for one that may not (Amazon S3 API reference,
    GetObject, "Permissions").
    """
    if version is None:
        return no_such_key(key) if may_list else access_denied()
    if not conditions:
        return version.whole
    if not _preconditions_hold(version, conditions):
        return error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
    if _is_not_modified(version, conditions):
        return version.not_modified
    byte_range = conditions.get("range")
    return version.whole if byte_range is None else _part(version, byte_range)


def without_body(answer: S3Answer) -> S3Answer:
    """The answer that HeadObject gives where GetObject gives ``answer``: errors lose their XML too."""
    if "head" not in answer.memo:
        answer.memo["head"] = S3Answer(answer.status, answer.headers, b"")
    bare: S3Answer = answer.memo["head"]
    return bare


def error(status: int, code: str, message: str, **details: str) -> S3Answer:
    """An error of S3, as XML."""
    named = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in details.items())
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{named}'
        "<RequestId>SANDBOX</RequestId></Error>"
    ).encode()
    return S3Answer(status, {"content-type": "application/xml", "content-length": str(len(body))}, body)


def access_denied() -> S3Answer:
    """The answer to a role that may not read the object, or may not know that it is missing."""
    return error(403, "AccessDenied", "Access Denied")


def no_such_key(key: str) -> S3Answer:
    """The answer for a missing object to a role that may list the bucket."""
    return error(404, "NoSuchKey", "The specified key does not exist.", Key=key)


def seconds_of(http_date: str) -> int | None:
    """Unix time of an HTTP date; None if it is not a date (RFC 9110, section 13.1.3: it is then ignored)."""
    try:
        return int(parsedate_to_datetime(http_date).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None


def _names(validator: str, version: ObjectVersion) -> bool:
    return version.etag in (validator, f'"{validator}"')


def _preconditions_hold(version: ObjectVersion, conditions: dict[str, str]) -> bool:
    if_match = conditions.get("if-match")
    if if_match is not None:
        return if_match == "*" or _names(if_match, version)
    if "if-unmodified-since" not in conditions:
        return True
    since = seconds_of(conditions["if-unmodified-since"])
    return since is None or version.last_modified <= since


def _is_not_modified(version: ObjectVersion, conditions: dict[str, str]) -> bool:
    if_none_match = conditions.get("if-none-match")
    if if_none_match is not None:
        return _names(if_none_match, version)
    since = seconds_of(conditions.get("if-modified-since", ""))
    return since is not None and version.last_modified <= since


def _part(version: ObjectVersion, byte_range: str) -> S3Answer:
    match = _RANGE.fullmatch(byte_range.strip())
    size = len(version.body)
    if match is None or not (match["first"] or match["last"]):
        return version.whole
    if match["first"]:
        first, last = int(match["first"]), min(int(match["last"] or size - 1), size - 1)
    else:
        first, last = max(0, size - int(match["last"])), size - 1
    if first > last or first >= size:
        return error(416, "InvalidRange", "The requested range is not satisfiable")
    body = version.body[first : last + 1]
    placed = {"content-length": str(len(body)), "content-range": f"bytes {first}-{last}/{size}"}
    return S3Answer(206, {**version.whole.headers, **placed}, body)
