"""A socket to a target, over TLS or not, within a deadline.

A name may stand for several addresses, of IPv6 and IPv4, some of which may not be reachable from here. They are tried a
moment apart, and the first that answers is taken (RFC 8305, "happy eyeballs").

Plain ``socket`` and ``ssl``: in a process that gevent has patched, waiting lets other greenlets run.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
import threading
import time
from collections import deque
from itertools import zip_longest
from typing import Any, Final

from loadtest.http1.address import Address
from loadtest.units import SECOND

ATTEMPT_DELAY_NS: Final = SECOND // 4
"""From the start of one attempt to the start of the next. RFC 8305, section 5."""
_IN_PROGRESS: Final = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)

Endpoint = tuple[int, int, int, str, Any]
"""As ``socket.getaddrinfo`` gives it."""


def connect(address: Address, tls: ssl.SSLContext | None, deadline_ns: int) -> socket.socket:
    """A connection to ``address``, which does not block. ``tls`` is needed for https, and not asked for http.

    Raises:
        OSError: no connection could be made: the name does not resolve, nobody listens, TLS fails, or time is over.
    """
    plain = _first_of(in_turn(_resolve(address.host, address.port, deadline_ns)), deadline_ns)
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.scheme == "http":
            return plain
        if tls is None:
            raise ValueError("https needs a TLS context")
        return _secured(plain, address.host, tls, deadline_ns)
    except BaseException:
        plain.close()
        raise


def wait_for(connection: socket.socket, events: int, deadline_ns: int) -> None:
    """Return when ``connection`` may be read or written (``select.POLLIN``, ``select.POLLOUT``).

    Raises:
        TimeoutError: not until ``deadline_ns``.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), events)
    if not waiting.poll(_milliseconds_until(deadline_ns)):
        raise TimeoutError(errno.ETIMEDOUT, "not in time")


def _milliseconds_until(deadline_ns: int) -> int:
    """Rounded up, for a wait of 0 ms would only turn in a loop."""
    left_ns = deadline_ns - time.monotonic_ns()
    if left_ns <= 0:
        raise TimeoutError(errno.ETIMEDOUT, "not in time")
    return -(-left_ns // 1_000_000)


def in_turn(endpoints: list[Endpoint]) -> list[Endpoint]:
    """The families of addresses in turn, beginning with that which the system prefers."""
    first = [endpoint for endpoint in endpoints if endpoint[0] == endpoints[0][0]]
    other = [endpoint for endpoint in endpoints if endpoint[0] != endpoints[0][0]]
    return [endpoint for pair in zip_longest(first, other) for endpoint in pair if endpoint is not None]


def _resolve(host: str, port: int, deadline_ns: int) -> list[Endpoint]:
    """What the system's resolver says. It keeps to no deadline, so it runs in a thread that may be left behind."""
    outcome: list[Any] = []

    def ask() -> None:
        try:
            outcome.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            outcome.append(error)

    if _is_numeric(host):
        ask()
    else:
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(max(0, deadline_ns - time.monotonic_ns()) / SECOND)
    if not outcome:
        raise TimeoutError(errno.ETIMEDOUT, "the name was not resolved in time")
    if isinstance(outcome[0], UnicodeError):
        raise socket.gaierror(socket.EAI_NONAME, "this is not the name of a host")
    if isinstance(outcome[0], OSError):
        raise outcome[0]
    endpoints: list[Endpoint] = outcome[0]
    return endpoints


def _is_numeric(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False


def _first_of(endpoints: list[Endpoint], deadline_ns: int) -> socket.socket:
    """The first connection that is made.

    Raises:
        OSError: none is; says why the first address failed.
    """
    untried, trying = deque(endpoints), dict[int, socket.socket]()
    failures: list[OSError] = []
    try:
        while untried or trying:
            if untried:
                _begin(untried.popleft(), trying, failures)
            until_ns = min(deadline_ns, time.monotonic_ns() + ATTEMPT_DELAY_NS) if untried else deadline_ns
            file = _next_connected(trying, failures, until_ns, until_ns == deadline_ns)
            if file is not None:
                return trying.pop(file)
        raise failures[0]
    finally:
        for attempt in trying.values():
            attempt.close()


def _begin(endpoint: Endpoint, trying: dict[int, socket.socket], failures: list[OSError]) -> None:
    family, kind, protocol, _, where = endpoint
    try:
        attempt = socket.socket(family, kind, protocol)
    except OSError as error:  # a family that this system does not have
        failures.append(error)
        return
    attempt.setblocking(False)
    code = attempt.connect_ex(where)
    if code in _IN_PROGRESS:
        trying[attempt.fileno()] = attempt
    else:
        attempt.close()
        failures.append(OSError(code, os.strerror(code)))


def _next_connected(
    trying: dict[int, socket.socket], failures: list[OSError], until_ns: int, is_last_moment: bool
) -> int | None:
    """The file of an attempt that succeeded; None when all have failed, or the time has come to begin another."""
    while trying:
        waiting = select.poll()
        for file in trying:
            waiting.register(file, select.POLLOUT)
        try:
            ready = waiting.poll(_milliseconds_until(until_ns))
        except TimeoutError:
            ready = []
        if not ready:
            if is_last_moment:
                raise TimeoutError(errno.ETIMEDOUT, "the connection was not made in time")
            return None
        for file, _ in ready:
            code = trying[file].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0:
                return file
            trying.pop(file).close()
            failures.append(OSError(code, os.strerror(code)))
    return None


def _secured(plain: socket.socket, host: str, tls: ssl.SSLContext, deadline_ns: int) -> ssl.SSLSocket:
    secured = tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    try:
        while True:
            try:
                secured.do_handshake()
            except ssl.SSLWantReadError:
                wait_for(secured, select.POLLIN, deadline_ns)
            except ssl.SSLWantWriteError:
                wait_for(secured, select.POLLOUT, deadline_ns)
            else:
                return secured
    except BaseException:
        secured.close()
        raise
