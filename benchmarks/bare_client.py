"""A minimal client: it sends requests on time, over connections of its own, and notes when answers begin.

It parses nothing and runs no other code between answers, so what it sees is the server's doing, to some microseconds an
answer. It is for small answers, and for HTTP without TLS.
"""

from __future__ import annotations

import gc
import selectors
import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

_TIME_LIMIT_S = 10
_COARSENESS_S = 0.001
"""``epoll_wait`` sleeps in milliseconds; the last one before a request is due is spent asking again and again."""
_OK = b"HTTP/1.1 200"


def answer_times(url: str, due: list[float], connections: int) -> list[float]:
    """When the answers to requests due at ``due``, which ascends, began to come; both by ``time.monotonic()``.

    Raises RuntimeError when an answer is no 200, or more of them are awaited than there are connections, and
    TimeoutError when one does not come in ten seconds.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    request = f"GET {parts.path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept-Encoding: identity\r\n\r\n".encode()
    with ExitStack() as opened, selectors.EpollSelector() as waiting:
        sockets = [opened.enter_context(socket.create_connection((host, port))) for _ in range(connections)]
        for number, connection in enumerate(sockets):
            waiting.register(connection, selectors.EVENT_READ, number)
        gc.disable()
        opened.callback(gc.enable)
        return _exchange(waiting, sockets, request, due)


def _exchange(
    waiting: selectors.EpollSelector, sockets: list[socket.socket], request: bytes, due: list[float]
) -> list[float]:
    answered = [0.0] * len(due)
    asked: dict[int, int] = {}  # which request each connection waits for the answer to
    sent, give_up = 0, due[-1] + _TIME_LIMIT_S
    while sent < len(due) or asked:
        now = time.monotonic()
        if now > give_up:
            raise TimeoutError(f"{len(asked)} of {len(due)} requests were not answered in time.")
        while sent < len(due) and due[sent] <= now:
            connection = sent % len(sockets)
            if connection in asked:
                raise RuntimeError(f"More than {len(sockets)} answers are awaited at a time.")
            asked[connection] = sent
            sockets[connection].sendall(request)
            sent += 1
        left = due[sent] - now if sent < len(due) else _TIME_LIMIT_S
        for key, _ in waiting.select(min(0.1, left - _COARSENESS_S) if left > _COARSENESS_S else 0):
            answer = key.fileobj.recv(65536)  # type: ignore[union-attr]
            if key.data not in asked:
                continue  # the body, behind its head
            answered[asked.pop(key.data)] = time.monotonic()
            if not answer.startswith(_OK):
                raise RuntimeError(f"Wanted {_OK.decode()}, got {answer[:40]!r}.")
    return answered
