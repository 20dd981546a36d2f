"""Whether bytes of a PUT can have left this machine, and since when.

The name of an exception does not tell whether the store may have got the object: to the caller, credentials that cannot
be fetched, a name that does not resolve and a connection that is cut off look alike. So this notes the moment at which
botocore is about to write the first byte of a request to an open connection. Before that moment nothing was sent:
connecting, TLS and the signature come first.
"""

from __future__ import annotations

import time
from typing import Any, Final

MOST_BYTES_SHOWN: Final = 4096


class Departure:
    """Watches the requests of one client."""

    def __init__(self, client: Any) -> None:
        self.first_byte_ns: int | None = None
        self.answer: tuple[int, dict[str, str], bytes] | None = None
        client.meta.events.register("before-send.s3", self._before_send)
        for operation in ("PutObject", "GetObject", "DeleteObject"):  # and not what botocore asks in between
            client.meta.events.register(f"before-parse.s3.{operation}", self._before_parse)
        self._watches_connections = _watch_connections(client, self._left)

    def reset(self) -> None:
        """Forget the last request, before the next one."""
        self.first_byte_ns, self.answer = None, None

    def _before_send(self, request: Any, **_kwargs: Any) -> None:
        """Drop ``Expect``, which is not signed: a store that does not answer it would delay every PUT by a second."""
        if "Expect" in request.headers:
            del request.headers["Expect"]
        if not self._watches_connections:
            self._left()

    def _left(self) -> None:
        if self.first_byte_ns is None:  # a request that S3 redirects is sent twice, and the first one counts
            self.first_byte_ns = time.monotonic_ns()

    def _before_parse(self, response_dict: dict[str, Any], **_kwargs: Any) -> None:
        body = response_dict.get("body")
        headers = {str(name).lower(): str(value) for name, value in response_dict["headers"].items()}
        beginning = bytes(body[:MOST_BYTES_SHOWN]) if isinstance(body, bytes) else b""
        self.answer = (int(response_dict["status_code"]), headers, beginning)


def _watch_connections(client: Any, left: Any) -> bool:
    """Have ``left`` called before each write to an open connection. False if botocore's classes are not as expected."""
    from botocore import awsrequest  # noqa: PLC0415 - takes a while, and only what writes needs it

    try:
        pools: dict[str, Any] = client._endpoint.http_session._pool_classes_by_scheme
        watched = {
            scheme: _watched_pool(pool, left)
            for scheme, pool in pools.items()
            if issubclass(pool.ConnectionCls, awsrequest.AWSConnection)
        }
        if set(watched) != {"http", "https"}:
            return False
        pools.update(watched)
    except (AttributeError, TypeError):
        return False
    return True


def _watched_pool(pool: Any, left: Any) -> Any:
    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        _opening = False

        def connect(self) -> Any:
            self._opening = True  # what is sent to a proxy while connecting is no part of a request
            try:
                return super().connect()
            finally:
                self._opening = False

        def send(self, data: Any) -> Any:
            if self.sock is None and not self._opening:
                self.connect()
            if not self._opening:
                left()
            return super().send(data)

    return type(f"Watched{pool.__name__}", (pool,), {"ConnectionCls": Connection})
