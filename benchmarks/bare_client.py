"""A client that does next to nothing: it sends requests on time, each over a connection of its own, and notes answers.

It parses nothing and runs no other code between answers, so what it sees is the server's doing, to some microseconds an
answer. It is for a handful of small answers, and for HTTP without TLS.
"""

from __future__ import annotations

import gc
import selectors
import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

_TIME_LIMIT_S = 10
_OK = b"HTTP/1.1 200"


def answer_times(url: str, due: list[float]) -> list[float]:
    """When the answers to requests due at ``due``, which ascends, began to come; both by ``time.monotonic()``.

    Raises RuntimeError when an answer is no 200, and TimeoutError when one does not come in ten seconds.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    request = f"GET {parts.path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept-Encoding: identity\r\n\r\n".encode()
    with ExitStack() as opened, selectors.EpollSelector() as waiting:
        connections = [opened.enter_context(socket.create_connection((host, port))) for _ in due]
        for number, connection in enumerate(connections):
            waiting.register(connection, selectors.EVENT_READ, number)
        gc.disable()
        opened.callback(gc.enable)
        return _exchange(waiting, connections, request, due)


def _exchange(
    waiting: selectors.EpollSelector, connections: list[socket.socket], request: bytes, due: list[float]
) -> list[float]:
    answered: dict[int, float] = {}
    sent, give_up = 0, due[-1] + _TIME_LIMIT_S
    while len(answered) < len(due):
        now = time.monotonic()
        if now > give_up:
            raise TimeoutError(f"{len(due) - len(answered)} of {len(due)} requests were not answered in time.")
        while sent < len(due) and due[sent] <= now:
            connections[sent].sendall(request)
            sent += 1
        for key, _ in waiting.select(max(0.0, due[sent] - now) if sent < len(due) else 0.1):
            answer = connections[key.data].recv(65536)
            if key.data not in answered and not answer.startswith(_OK):
                raise RuntimeError(f"Wanted {_OK.decode()}, got {answer[:40]!r}.")
            answered.setdefault(key.data, time.monotonic())
    return [answered[number] for number in range(len(due))]
