"""A terminal for tests: a program that runs in a pseudo-terminal, and the screen that its output would have made."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path

_TOKEN = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


@dataclass
class Screen:
    """What is to be read after some output, scrolled off or not; knows the few sequences that are in use here."""

    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0

    def feed(self, text: str) -> "Screen":
        for match in _TOKEN.finditer(text):
            argument, letter, control, plain = match.groups()
            if plain:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + plain + line[self.column + len(plain) :]
                self.column += len(plain)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self.row += 1
                self.lines += [""] * (self.row + 1 - len(self.lines))
            elif letter == "A":
                self.row -= int(argument or 1)
                assert self.row >= 0
            elif letter == "J":
                assert argument in ("", "0")
                self.lines[self.row] = self.lines[self.row][: self.column]
                del self.lines[self.row + 1 :]
            elif letter == "K":
                keep = self.column if argument in ("", "0") else 0
                self.lines[self.row] = self.lines[self.row][:keep]
            else:
                assert letter in "mhl", match[0]
        return self

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)


@dataclass
class InTerminal:
    """A program whose input, output and errors are one pseudo-terminal."""

    process: subprocess.Popen[bytes]
    master: int
    said: str = ""
    _raw: bytes = b""

    @classmethod
    def start(cls, command: Sequence[str], folder: Path, columns: int = 100, **variables: str) -> "InTerminal":
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
        environment |= {"TERM": "xterm-256color", "AWS_EC2_METADATA_DISABLED": "true", **variables}
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - what makes Ctrl-C a signal
        )
        os.close(slave)
        return cls(process, master)

    def read_until(self, wanted: str | None, seconds: float = 120) -> str:
        """Read until the output matches ``wanted`` (None: until the program has ended)."""
        until = time.monotonic() + seconds
        while wanted is None or not re.search(wanted, self.said):
            assert time.monotonic() < until, f"not within {seconds} s: {wanted}\n{self.said[-3000:]}"
            if not select.select([self.master], [], [], 0.2)[0]:
                if self.process.poll() is not None:
                    break
                continue
            try:
                piece = os.read(self.master, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            self._raw += piece
            self.said = self._raw.decode(errors="replace").replace("\r\n", "\n").replace("\n", "\r\n")
        return self.said

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def wait(self) -> int:
        self.read_until(None)
        return self.process.wait(120)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)


@contextmanager
def shown_on_terminal(columns: int = 100) -> Iterator[Callable[[], str]]:
    """A terminal for what this process prints; what it showed is to be had when it is gone."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    pieces: list[bytes] = []

    def read() -> None:
        with suppress(OSError):  # the other end is closed
            while piece := os.read(master, 65536):
                pieces.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with os.fdopen(slave, "w") as stream, redirect_stdout(stream), redirect_stderr(stream):
            yield lambda: b"".join(pieces).decode()
    finally:
        reader.join(60)
        os.close(master)
