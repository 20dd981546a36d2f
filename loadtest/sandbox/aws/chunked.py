"""Decodes aws-chunked bodies, in which SDKs send signed or checksummed streams.

See "Authenticating Requests: Using Chunked Upload" in the Amazon S3 API reference.
"""

from __future__ import annotations


def is_aws_chunked(headers: dict[str, str]) -> bool:
    """Whether a request with these headers (lower-case names) carries an aws-chunked body."""
    return headers.get("x-amz-content-sha256", "").startswith("STREAMING-") or "aws-chunked" in headers.get(
        "content-encoding", ""
    )


def decode(body: bytes) -> bytes:
    """The payload of an aws-chunked body; trailers and signatures are dropped.

    Raises:
        ValueError: it is not aws-chunked.
    """
    payload = bytearray()
    position = 0
    while True:
        line_end = body.index(b"\r\n", position)
        size = int(body[position:line_end].split(b";", 1)[0], 16)
        if size == 0:
            return bytes(payload)
        start = line_end + 2
        if start + size > len(body):
            raise ValueError("the body ends within a chunk")
        payload += body[start : start + size]
        position = start + size + 2
