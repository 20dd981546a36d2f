"""ETags that are digests: S3's is the MD5 of the document (no KMS, no multipart: Amazon S3 API, "Object", ETag)."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from loadtest.run.records import opaque

_MD5: Final = re.compile(r"[0-9a-f]{32}")


def md5_of(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def is_digest(etag: str | None, body: bytes) -> bool:
    """Whether an ETag is the MD5 of a body that is not empty.

    Where those of whole documents are, such an ETag of another body shows that the store holds that body.
    """
    return bool(body) and etag is not None and opaque(etag) == md5_of(body)


def looks_like_digest(etag: str | None) -> bool:
    """Whether an ETag is spelled as an MD5 is, of whatever body."""
    return etag is not None and _MD5.fullmatch(opaque(etag)) is not None
