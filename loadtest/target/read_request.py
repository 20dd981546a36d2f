"""The bytes of a read's request. The preflight sends the same as the readers, so it passes exactly when they do."""

from __future__ import annotations

from typing import Final

from loadtest.http1.address import Address, request

USER_AGENT: Final = "read-model-load-test"
"""Some firewalls refuse requests without one."""


def read_request(address: Address, etag: str | None = None) -> bytes:
    """A GET of the document; with ``etag``, a conditional one."""
    own_headers = address.identification
    names = {name.lower() for name, _ in own_headers}
    usual = (("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Accept-Encoding", "identity"))
    headers = [("Host", address.authority), *(one for one in usual if one[0].lower() not in names), *own_headers]
    if etag is not None:
        headers.append(("If-None-Match", etag))
    return request("GET", address.target, headers)
