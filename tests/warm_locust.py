"""Locust processes that need not import Locust: copies of one that has, in which Locust's own main runs.

That saves each run more than a second of a processor. Locust makes its workers in the same way, by a fork after all is
imported. A copy's folder, environment, output, signals and exit code are its own; its command line in /proc is not.
"""

import gc
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

PROJECT = Path(__file__).resolve().parents[1]
_LARGEST_MESSAGE = 1 << 20
_STATUS = struct.Struct("i")


class WarmRun:
    """A copy that runs, with as much of ``subprocess.Popen`` as tests ask for."""

    def __init__(self, pid: int, output: int, status: int) -> None:
        self.pid = pid
        self.stdout = os.fdopen(output, "rb", buffering=0)
        self._status = os.fdopen(status, "rb", buffering=0)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._ended_within(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended_within(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("locust", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def communicate(self, timeout: float = 600) -> tuple[str, None]:
        """All output, once nobody has it open any more."""
        until, pieces = time.monotonic() + timeout, []
        while select.select([self.stdout], [], [], max(0.0, until - time.monotonic()))[0]:
            pieces.append(self.stdout.read(65536))
            if not pieces[-1]:
                self.wait(max(0.0, until - time.monotonic()))
                return b"".join(pieces).decode(), None
        raise subprocess.TimeoutExpired("locust", timeout, b"".join(pieces))

    def _ended_within(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            (self.returncode,) = _STATUS.unpack(self._status.read(_STATUS.size))
            self._status.close()
        return self.returncode


class WarmLocust:
    """The process that has imported Locust; ``python`` is called for what a run starts beside it."""

    def __init__(self, python: Path) -> None:
        self._python = python
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                cwd=PROJECT,
            )

    def start(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        errors: IO[Any] | None = None,
        python: Path | None = None,
        constants: Mapping[str, float] | None = None,
    ) -> WarmRun:
        """Run ``locust ARGUMENTS``; ``errors`` None: together with the output.

        ``python`` is called instead of this one's, and ``constants`` of this project's modules have other values.
        """
        output, their_output = os.pipe()
        status, their_status = os.pipe()
        said = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
        said |= {"python": str(python or self._python), "constants": dict(constants or {})}
        descriptors = [their_output, their_output if errors is None else errors.fileno(), their_status]
        socket.send_fds(self._control, [json.dumps(said).encode()], descriptors)
        os.close(their_output)
        os.close(their_status)
        return WarmRun(int(self._control.recv(_LARGEST_MESSAGE)), output, status)

    def close(self) -> None:
        self._control.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()


def arguments_of(command: Sequence[str]) -> Sequence[str]:
    """What comes behind ``python -m locust``."""
    return command[3:]


def become_each_run(number: int) -> None:
    """Make a copy for each run that is asked for; returns in the copies only."""
    import gevent
    from gevent.monkey import get_original

    fork, wait, close = get_original("os", ("fork", "waitpid", "close"))  # gevent's leave it to an event loop
    control = get_original("socket", "socket")(fileno=number)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, _LARGEST_MESSAGE, 3)
        with suppress(ChildProcessError):
            while wait(-1, os.WNOHANG if message else 0)[0]:  # the guardians of earlier runs
                pass
        if not message:
            os._exit(0)
        if fork():
            for descriptor in descriptors:
                close(descriptor)
            continue
        run = fork()
        if run:  # its guardian, who tells of its end
            control.send(str(run).encode())
            for descriptor in descriptors[:2]:
                close(descriptor)
            _, status = wait(run, 0)
            os.write(descriptors[2], _STATUS.pack(os.waitstatus_to_exitcode(status)))
            os._exit(0)
        said = json.loads(message)
        control.close()
        os.setsid()
        os.dup2(descriptors[0], 1)
        os.dup2(descriptors[1], 2)
        for descriptor in descriptors:
            close(descriptor)
        # Those of this process know whether it was a file or a pipe that the tests write to.
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        os.chdir(said["folder"])
        os.environ.clear()
        os.environ.update(said["environment"])
        random.seed()
        sys.executable = said["python"]
        for name, value in said["constants"].items():
            module, _, constant = name.rpartition(".")
            owner = import_module(f"loadtest.load.{module}")
            getattr(owner, constant)  # else a test would go on without it
            setattr(owner, constant, value)
        gevent.reinit()
        sys.argv = ["locust", *said["arguments"]]
        return


if __name__ == "__main__":
    sys.path[0] = str(PROJECT)
    from locust.main import main

    import loadtest.load.plugin
    import loadtest.load.reading.reader  # what the locustfile imports
    import loadtest.report.terminal  # noqa: F401
    from loadtest.target.s3_client import s3_client, s3_session
    from tests.quick_boto3 import read_once

    read_once()
    s3_client(s3_session("none", "none"), "us-east-1", "http://127.0.0.1:1")  # reads what botocore knows of S3

    gc.freeze()  # a copy that looks through all this for garbage would copy every page of it
    become_each_run(int(sys.argv[1]))
    main()
