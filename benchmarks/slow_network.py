"""A network between a master and its workers: a TCP proxy with a delay each way, which can be cut and healed."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Network:
    """Listens on ``port`` and passes everything on to ``to_port``; delays are in seconds."""

    def __init__(self, to_port: int, there: float, back: float) -> None:
        self._to_port, self._there, self._back = to_port, there, back
        self._cut = False
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Lose all connections, and let none be made."""
        self._cut = True
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def heal(self) -> None:
        self._cut = False

    def close(self) -> None:
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:  # closed
                return
            try:
                if self._cut:
                    raise ConnectionRefusedError
                far = socket.create_connection(("127.0.0.1", self._to_port))
            except OSError:  # nobody listens there yet
                near.close()
                continue
            self._open += [near, far]
            for source, sink, delay in ((near, far, self._there), (far, near, self._back)):
                threading.Thread(target=self._carry, args=(source, sink, delay), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket, delay: float) -> None:
        with suppress(OSError):
            while content := source.recv(65536):
                time.sleep(delay)
                sink.sendall(content)
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def network(to_port: int, there: float = 0.0, back: float = 0.0) -> Iterator[Network]:
    between = Network(to_port, there, back)
    try:
        yield between
    finally:
        between.close()
