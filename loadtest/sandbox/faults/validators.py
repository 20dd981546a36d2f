"""Faults of validators: ETags that lie, conditions that are ignored, and 304s that are wrong.

They act on what S3 answers; whether a reader sees them depends on the mapping, as it would on AWS.
"""

from __future__ import annotations

from loadtest.sandbox.faults.base import Delivery, ObjectRead, ShareFault
from loadtest.sandbox.store.objects import S3Answer


def _without_etag(answer: S3Answer) -> S3Answer:
    headers = {name: value for name, value in answer.headers.items() if name != "etag"}
    return S3Answer(answer.status, headers, answer.body)


class EtagSwap(ShareFault):
    """The ETag of one version with the body of another."""

    name = "etag-swap"
    help = (
        "share of 200 answers whose ETag names another version than the body is: the new body with the ETag of the "
        "version before, or the reverse, evenly; none before there are two versions"
    )

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        older = read.stored.before(read.version) if read.version and answer.status == 200 else None
        if older is None or not self.drawn():
            return answer
        if self.random.random() < 0.5:
            return S3Answer(200, {**answer.headers, "etag": older.etag}, answer.body)
        return answer.with_body(older.body)


class NoEtag(ShareFault):
    """Answers without an ETag."""

    name = "no-etag"
    help = "share of 200 and 304 answers without ETag"

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        return _without_etag(answer) if "etag" in answer.headers and self.drawn() else answer


class Bare304(ShareFault):
    """304 answers without the ETag that they confirm."""

    name = "304-without-etag"
    help = "share of 304 answers without ETag, which RFC 9110 demands there (section 15.4.5)"

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        return _without_etag(answer) if answer.status == 304 and self.drawn() else answer


class OtherEtagOn304(ShareFault):
    """304 answers with the ETag of another version."""

    name = "304-other-etag"
    help = "share of 304 answers that carry the ETag of the version before the one that they confirm"

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        older = read.stored.before(read.version) if read.version and answer.status == 304 else None
        if older is None or not self.drawn():
            return answer
        return S3Answer(304, {**answer.headers, "etag": older.etag}, b"")


class IgnoreIfNoneMatch(ShareFault):
    """The whole object to readers who have it already."""

    name = "ignore-if-none-match"
    help = "share of requests whose If-None-Match is current that are answered 200 with the whole object all the same"

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        ignorable = answer.status == 304 and read.version is not None and "if-none-match" in read.conditions
        return read.version.whole if ignorable and read.version and self.drawn() else answer


class Stale304(ShareFault):
    """The server says that nothing has changed, though it has."""

    name = "stale-304"
    help = (
        "share of requests whose If-None-Match names an earlier version of the object that are answered 304, with that "
        "ETag"
    )

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        validator = read.conditions.get("if-none-match")
        if answer.status != 200 or validator is None or read.version is None:
            return answer
        if not read.stored.knows_as_older(validator, read.version) or not self.drawn():
            return answer
        return S3Answer(304, {**read.version.not_modified.headers, "etag": validator}, b"")


class Always304(ShareFault):
    """Not modified, whatever was asked."""

    name = "always-304"
    help = "share of all reads of an object that exists that are answered 304, with or without a condition"

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        return read.version.not_modified if answer.status == 200 and read.version and self.drawn() else answer


class BodyOn304(ShareFault):
    """A body where there must be none."""

    name = "304-with-body"
    help = (
        "share of 304 answers to GET that are followed by the object's bytes and announce them in Content-Length; HTTP "
        "has no body there, so that clients take those bytes for the beginning of the next answer"
    )

    def deliver(self, status: int, read: ObjectRead | None, delivery: Delivery) -> None:
        if status == 304 and not (read is not None and read.method == "HEAD") and self.drawn():
            delivery.forced_body = read.version.body if read is not None and read.version is not None else b"{}"
