"""One HEAD of an object, and what it showed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from loadtest.run.records import opaque

_MD5: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Head:
    """One HEAD and what it showed: an object, that there is none (``gone``), or nothing (``error`` has the reason)."""

    called_ns: int
    returned_ns: int
    etag: str = ""
    size: int = 0
    last_modified: str = ""
    version_id: str = ""
    digest: str = "no"
    """Whether the ETag is the MD5 of the document: ``yes`` (promised), ``perhaps`` (it looks like one) or ``no``."""
    request_id: str = ""
    gone: bool = False
    error: str = ""


def shown_by(answer: dict[str, Any], called_ns: int, returned_ns: int, *, aws: bool) -> Head:
    """A HEAD that showed an object, from the answer of HeadObject."""
    modified: Any = answer.get("LastModified")
    etag = str(answer["ETag"])
    return Head(
        called_ns,
        returned_ns,
        etag=etag,
        size=int(answer.get("ContentLength") or 0),
        last_modified=modified.isoformat() if hasattr(modified, "isoformat") else str(modified or ""),
        version_id=str(answer.get("VersionId") or ""),
        digest=_digest(answer, etag, aws=aws),
        request_id=str(answer.get("ResponseMetadata", {}).get("RequestId") or ""),
    )


def _digest(answer: dict[str, Any], etag: str, *, aws: bool) -> str:
    """Amazon S3 API, "Object", ETag: the MD5 of an object that is neither multipart nor encrypted with KMS or SSE-C.

    In a directory bucket (S3 Express One Zone) it is a string drawn at random.
    """
    encrypted = str(answer.get("ServerSideEncryption") or "").startswith("aws:kms")
    at_random = answer.get("StorageClass") == "EXPRESS_ONEZONE"
    if encrypted or at_random or answer.get("SSECustomerAlgorithm") or not _MD5.fullmatch(opaque(etag)):
        return "no"
    return "yes" if aws else "perhaps"


def status_of(error: BaseException) -> int:
    """The HTTP status of a boto3 error; 0 for an error without one."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
