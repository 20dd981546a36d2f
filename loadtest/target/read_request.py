"""What a read sends, byte for byte. The preflight sends the same as the readers: it passes exactly when reads can."""

from __future__ import annotations

from typing import Final

from loadtest.http1.address import Address, request

USER_AGENT: Final = "read-model-load-test"
"""Some firewalls refuse whoever does not say who he is."""


def read_request(address: Address, etag: str | None = None) -> bytes:
    """A GET of the document as it is; with ``etag``, only of one that has another ETag."""
    given = address.identification
    named = {name.lower() for name, _ in given}
    usual = (("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Accept-Encoding", "identity"))
    headers = [("Host", address.authority), *(one for one in usual if one[0].lower() not in named), *given]
    if etag is not None:
        headers.append(("If-None-Match", etag))
    return request("GET", address.target, headers)
