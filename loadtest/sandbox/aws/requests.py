"""What a request to an AWS API is about, read from its signature and its path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

_CREDENTIAL = re.compile(r"Credential=[^/,\s]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_PRESIGNED = re.compile(
    r"X-Amz-Credential=[^&]*?%2F\d{8}%2F(?P<region>[^&]+?)%2F(?P<service>[^&]+?)%2Faws4_request", re.I
)
_HARMLESS_QUERY = frozenset({"x-id"})


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """One signed request. ``bucket`` and ``key`` are empty when it is not about a bucket, or an object, of S3."""

    service: str
    region: str
    method: str
    path: str
    query: str
    bucket: str = ""
    key: str = ""

    @property
    def is_about_object_itself(self) -> bool:
        """Whether it is about the object, not about its tags, its ACL, or a part of an upload."""
        names = {name for name, _ in parse_qsl(self.query, keep_blank_values=True)}
        return bool(self.key) and all(name in _HARMLESS_QUERY or name.startswith("X-Amz-") for name in names)


def is_signed(headers: dict[bytes, bytes], query: bytes) -> bool:
    """Whether a request carries an AWS signature, in a header or in its query. ``headers`` by lower-case name."""
    return (
        headers.get(b"authorization", b"").startswith(b"AWS") or b"X-Amz-Signature=" in query or b"Signature=" in query
    )


def aws_request(method: str, raw_path: str, query: str, authorization: str) -> AwsRequest:
    """What a signed request is about; like moto, an unreadable signature is taken for one of S3."""
    match = _CREDENTIAL.search(authorization) or _PRESIGNED.search(query)
    service = match["service"].lower() if match else "s3"
    region = match["region"] if match else "us-east-1"
    path = unquote(raw_path)
    if service != "s3":
        return AwsRequest(service, region, method, path, query)
    bucket, _, key = path.lstrip("/").partition("/")
    return AwsRequest(service, region, method, path, query, bucket, key)
