"""A reader's connection: the event loop itself takes in and stamps what comes over it, at once.

When hundreds of answers come together, as after a freeze of the target, all are taken in and stamped before more than
a few are parsed, judged and recorded (``loadtest.load.reading.turns``). Waiting for an answer costs one switch between
greenlets, and no timer: the timer of the deadline runs on from request to request, and checks when it goes off whether
the deadline has moved.
"""

from __future__ import annotations

import errno
import select
import socket
import ssl
import time
from contextlib import suppress
from typing import Any, Final

from gevent.hub import Waiter, get_hub
from gevent.monkey import get_original

from loadtest.http1.address import Address
from loadtest.http1.answer import Answer, Limits
from loadtest.http1.connection import Connection
from loadtest.http1.errors import cut
from loadtest.http1.known_heads import KnownHeads
from loadtest.load.reading.turns import Turns
from loadtest.units import SECOND

_poll: Final = get_original("select", "poll")
_socket: Final = get_original("socket", "socket")
_READABLE: Final = 1
_NEVER: Final = 2**63


class ReaderConnection(Connection):
    """A connection that a greenlet waits for. ``turns`` and ``known_heads`` are those of all readers of its loop."""

    def __init__(  # noqa: PLR0917 - what a connection takes, and what all share
        self,
        address: Address,
        tls: ssl.SSLContext | None,
        limits: Limits,
        likely_body_bytes: int,
        turns: Turns,
        known_heads: KnownHeads | None = None,
    ) -> None:
        super().__init__(address, tls, limits, likely_body_bytes, known_heads)
        self._turns = turns
        self._loop = get_hub().loop
        self._watcher: Any = None
        self._is_watched = False
        self._idle: Any = None
        self._is_secure = address.scheme == "https"
        self._timer = self._loop.timer(0)
        self._rings_ns = _NEVER
        self._deadline_ns = 0
        self._waiter = Waiter()
        self._has_asked = False
        self._end: tuple[OSError | None, int] | None = None

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._timer.stop()
        self._rings_ns = _NEVER
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = self._idle = None
            self._is_watched = False
        super().close()

    def open_ahead(self, deadline_ns: int) -> None:
        """Open it now, so that the first request finds it open. If that fails, the request itself will tell why."""
        with suppress(OSError):
            self._socket = self._open(deadline_ns)

    def _open(self, deadline_ns: int) -> socket.socket:
        connection = super()._open(deadline_ns)
        if not self._is_secure:  # gevent's own layer is not needed here, and takes as long as the system call
            connection = _socket(fileno=connection.detach())
            connection.setblocking(False)
        self._watcher = self._loop.io(connection.fileno(), _READABLE)
        self._idle = _poll()
        self._idle.register(connection.fileno(), select.POLLIN)
        return connection

    def _look_at_idle(self) -> bytes:
        """Poll for bytes, which is cheaper than to try to read them; gevent would let other greenlets run first."""
        if self._idle is not None and not self._idle.poll(0):
            return b""
        return super()._look_at_idle()

    def _receive(self, connection: socket.socket, deadline_ns: int) -> Answer:
        self._deadline_ns = deadline_ns
        if deadline_ns < self._rings_ns:
            self._set_timer()
        self._end = None
        self._has_asked = False
        incoming = self._incoming
        try:
            waiter = self._waiter = Waiter()
            self._watch()
            while True:
                waiter.get()  # in turn, when there is something to parse, or when no more will come
                self._has_asked = False
                if (answer := incoming.parse()) is not None:
                    return answer
                if self._end is not None:
                    failure, at_ns = self._end
                    return incoming.ended(at_ns) if failure is None else incoming.failed(failure, at_ns)
                waiter = self._waiter = Waiter()
                self._watch()
                if self._is_secure and self._socket_holds_more():
                    self._take_in()  # what there was no room for before
        finally:
            self._deadline_ns = 0

    def _watch(self) -> None:
        """Watch on from one answer to the next, because to stop and start again costs a system call."""
        if not self._is_watched:
            self._is_watched = True
            self._watcher.start(self._take_in)

    def _stop_watching(self) -> None:
        self._is_watched = False
        self._watcher.stop()

    def _take_in(self) -> None:
        """Called by the event loop when bytes have come. It does as little as it can, because others wait too."""
        connection, incoming = self._socket, self._incoming
        if not self._deadline_ns:  # bytes that nobody asked for are looked at before the next request
            self._stop_watching()
            return
        while connection is not None:
            space = incoming.space()
            if not space:  # there is room again when this has been parsed
                self._stop_watching()
                return
            try:
                count = connection.recv_into(space)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError as error:
                is_early = isinstance(error, ConnectionResetError) and not incoming.has_begun
                self._ends(cut("before the answer began") if is_early else error)
                return
            if not count:
                self._ends(None)
                return
            if incoming.took(count, time.monotonic_ns()) and not self._has_asked:
                self._ask_for_turn()
            if not (self._is_secure and (self._socket_holds_more() or self._idle.poll(0))):
                return

    def _socket_holds_more(self) -> bool:
        """Whether the rest of a TLS record waits in the socket: events only tell of bytes in the kernel.

        To ask is cheaper than to try: an exception takes longer than to decrypt 16 KB.
        """
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def _ends(self, failure: OSError | None) -> None:
        self._stop_watching()
        self._end = (failure, time.monotonic_ns())
        if not self._has_asked:
            self._ask_for_turn()

    def _ask_for_turn(self) -> None:
        self._has_asked = True
        self._turns.ask(self._waiter.switch)  # does nothing for a greenlet that was stopped meanwhile

    def _set_timer(self) -> None:
        self._timer.stop()
        self._rings_ns = self._deadline_ns
        self._timer = self._loop.timer(max(0, self._deadline_ns - time.monotonic_ns()) / SECOND)
        self._timer.start(self._look_at_deadline)

    def _look_at_deadline(self) -> None:
        """The timer has gone off. Between two requests there is no deadline."""
        self._rings_ns = _NEVER
        if not self._deadline_ns:
            return
        if time.monotonic_ns() < self._deadline_ns:
            self._set_timer()
        elif self._end is None:
            self._ends(TimeoutError(errno.ETIMEDOUT, "the answer was not whole in time"))
