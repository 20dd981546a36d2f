"""What a run does with the document that is there before its first PUT: keep it, find nothing to keep, or not write.

The store itself is asked first. Its writer may often put but not get. Then the document at the readers' address is
taken, if its bytes are the ones that its ETag names, or if they are text and come twice alike.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final

from loadtest.cleaned import shown
from loadtest.errors import UsageError
from loadtest.run.documents.kind import MAXIMUM_BYTES
from loadtest.run.documents.made_up import made_up_by
from loadtest.run.etags.etag_digests import md5_of
from loadtest.run.records import opaque
from loadtest.target.as_stored import sendable
from loadtest.target.finding import Target
from loadtest.target.remedies import what_to_do
from loadtest.target.s3_client import is_aws
from loadtest.target.store_interface import ObjectLook

NOT_SHOWN: Final = "its own metadata (x-amz-meta-…), tags and storage class, which the address does not show"
MOST_LOOKS: Final = 20
BETWEEN_LOOKS_S: Final = 0.1
"""The address is asked so often, and so far apart, while it fails in a way that may pass."""
_MAY_PASS: Final = frozenset((0, 429, *range(500, 600)))
_ONLY_IF_ABSENT: Final = {"IfNoneMatch": "*"}
_HEADERS: Final = {
    "content-type": "ContentType",
    "cache-control": "CacheControl",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
    "content-disposition": "ContentDisposition",
    "expires": "Expires",
}
_HOW_TO_GO_ON: Final = (
    "allow the writer s3:GetObject, write to another object with --object-key, or give --overwrite if what is there "
    "may be lost"
)


@dataclass(frozen=True)
class Seen:
    """One answer of the readers' address; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_from_cache(self) -> bool:
        """Whether a cache has answered, by its own account (RFC 9111, section 5.1): the store may hold another one."""
        age = self.headers.get("age", "").strip()
        return age.isdigit() and age.strip("0") != ""

    def excerpt(self, url: str) -> str:
        """The beginning of the body as it may be shown; ``url`` is the address, which may hold a secret."""
        return shown(self.body[:400].decode("utf-8", "replace"), url, 120)


@dataclass(frozen=True)
class Beginning:
    """How to begin. ``say``: a sentence for the user. ``keep``: what the parent must keep, because the writer could not
    see it. ``put``: arguments of the PUT of version 0."""

    say: str = ""
    keep: ObjectLook | None = None
    found_nothing: bool = False
    put: dict[str, Any] = field(default_factory=dict)
    made_up_by: str = ""
    """The load test that made up the document that is there."""


def beginning(looked: Mapping[str, Any], target: Target, read: Callable[[], Seen], *, overwrite: bool) -> Beginning:
    """What to do with the document that is there. ``looked``: the store's answer. ``read`` asks the readers' address.

    Raises:
        UsageError: the document cannot be kept, and ``overwrite`` was not given.
    """
    place = target.object_name
    result, error = looked["looked"], str(looked.get("error") or "")
    if result == "document":
        made_up = str(looked.get("made_up_by") or "")
        say = _made_up(place, made_up) if made_up else _keeps(place, looked["bytes"], looked["not_kept"])
        only_this = {"IfMatch": looked["etag"]} if looked.get("etag") else {}
        return Beginning(say, put=only_this, made_up_by=made_up)
    if result == "nothing":
        return Beginning(found_nothing=True, put=dict(_ONLY_IF_ABSENT))
    if result == "denied":
        return _from_address(place, target, read, str(looked.get("endpoint") or ""), error, overwrite=overwrite)
    if overwrite and result == "too-large":
        return _lost(place)
    if result == "too-large":
        raise UsageError(f"The document at {place} cannot be kept: {error}; {_HOW_TO_GO_ON}.")
    raise UsageError(f"{place} cannot be looked at before it is written: {error}; {what_to_do(error)}.")


def _from_address(
    place: str, target: Target, read: Callable[[], Seen], endpoint: str, error: str, *, overwrite: bool
) -> Beginning:
    seen, settled = _settled(read)
    code = _s3_code(seen)
    made_up = made_up_by(seen.body)
    if seen.status == 404 or code == "NoSuchKey":
        return Beginning(found_nothing=True, put={} if overwrite else dict(_ONLY_IF_ABSENT))
    if code == "AccessDenied" and is_aws(endpoint) and not overwrite:
        return Beginning(found_nothing=True, put=dict(_ONLY_IF_ABSENT))  # S3's 403 may stand for a missing object
    if seen.status == 200 and not code:
        if made_up:
            return Beginning(_made_up(place, made_up), made_up_by=made_up)
        why = _why_not_the_object(seen, settled)
        if not why:
            look = look_of(seen)
            etag = f'"{opaque(look.etag)}"'  # the store's, for it is the MD5
            only_this = {"IfMatch": etag} if _is_named_by_its_etag(seen) and not overwrite else {}
            return Beginning(_keeps(place, len(look.body), look.not_kept), keep=look, put=only_this)
    else:
        why = f"{target.shown_url} answered {seen.status} {seen.excerpt(target.url)!r}"
    if overwrite:
        return _lost(place)
    raise UsageError(
        f"What is at {place} cannot be kept, so nothing was written: {why}, and the writer may not read it itself "
        f"({error}); check the address, the stage, and that this API reads that bucket, or else {_HOW_TO_GO_ON}."
    )


def _why_not_the_object(seen: Seen, settled: bool) -> str:
    """Why the body of an answer may not be the object's bytes; "" when it is."""
    if len(seen.body) > MAXIMUM_BYTES:
        return f"the address answers more than {MAXIMUM_BYTES:,} bytes"
    if seen.is_from_cache:
        return "a cache answers at the address (Age), and what is in the store may be newer"
    if _is_named_by_its_etag(seen):
        return ""
    try:
        seen.body.decode("utf-8")
    except UnicodeDecodeError:
        return "the address answers bytes that are neither text nor what its ETag names"
    return "" if settled else "the address answers something else each time"


def _settled(read: Callable[[], Seen]) -> tuple[Seen, bool]:
    """The first answer that proves itself, or that comes twice with no other in between; and whether there was one.

    A read is repeated when it fails in a way that may pass (throttled, a server error), or when nothing confirms its
    body.
    """
    before: set[bytes] = set()
    for look in range(MOST_LOOKS):
        if look:
            time.sleep(BETWEEN_LOOKS_S)
        seen = read()
        if seen.status in _MAY_PASS:
            continue
        if seen.status != 200 or _s3_code(seen) or made_up_by(seen.body) or _is_named_by_its_etag(seen):
            return seen, True
        if len(seen.body) > MAXIMUM_BYTES or before == {seen.body}:
            return seen, True
        before.add(seen.body)
    return seen, False


def _is_named_by_its_etag(seen: Seen) -> bool:
    return opaque(seen.headers.get("etag", "")) == md5_of(seen.body)


def look_of(seen: Seen) -> ObjectLook:
    """The document as the readers' address shows it, with the arguments that put it back."""
    put: dict[str, Any] = {argument: seen.headers[name] for name, argument in _HEADERS.items() if name in seen.headers}
    metadata = {
        name.removeprefix("x-amz-meta-"): value
        for name, value in seen.headers.items()
        if name.startswith("x-amz-meta-")
    }
    put, not_kept = sendable(put | {"Metadata": metadata})
    try:
        if "Expires" in put:
            put["Expires"] = parsedate_to_datetime(put["Expires"]).isoformat()
    except (ValueError, TypeError):
        del put["Expires"]
    return ObjectLook(
        "document", body=seen.body, etag=seen.headers.get("etag", ""), put=put, not_kept=(NOT_SHOWN, *not_kept)
    )


def _s3_code(seen: Seen) -> str:
    """The code of S3's error document, which some gateways pass on with 200."""
    match = re.match(rb"\s*(?:<\?xml[^>]*\?>\s*)?<Error>\s*<Code>(\w{1,60})</Code>", seen.body[:500])
    return match[1].decode() if match else ""


def _made_up(place: str, run: str) -> str:
    return (
        f"{place} holds a document of load test {run}: there is nothing to keep. If that run was killed, "
        "what was there before it lies in its run directory: `python -m loadtest restore` puts that back."
    )


def _keeps(place: str, size: int, not_kept: Any) -> str:
    lacking = f", save {', and '.join(not_kept)}" if not_kept else ""
    return f"The document at {place} ({size:,} bytes) is kept, and will be put back at the end{lacking}."


def _lost(place: str) -> Beginning:
    return Beginning(f"What is at {place} is not kept, as --overwrite says that it may be lost.")
