"""A Python that has imported this project already: ``sys.executable`` of warm Locust processes, and of sandboxes.

A run starts its writer, what puts the document back and its report, each ``python -m MODULE``, and each would spend
most of its time on imports; so would a sandbox, and moto beside it. Here a small program takes Python's place: it hands
its input and outputs to a process that has imported all, has a copy of that run the module, and ends as the copy does.
When it is killed, so is the copy.
"""

import gc
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
_LARGEST_MESSAGE = 1 << 20
_NUMBER = struct.Struct("i")
QuickSandbox = Callable[..., AbstractContextManager[Any]]
_PROGRAM = f"""#!{sys.executable} -IS
import json, os, signal, socket, struct, sys
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.connect(__file__ + ".socket")
said = {{"program": __file__, "arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
socket.send_fds(connection, [json.dumps(said).encode()], [0, 1, 2])
(copy,) = struct.unpack("i", connection.recv(4))
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: os.kill(copy, number))
for descriptor in (0, 1, 2):
    os.close(descriptor)
(code,) = struct.unpack("i", connection.recv(4))
if code < 0:
    signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
    os.kill(os.getpid(), -code)
os._exit(code)
"""


class WarmPython:
    """The process that has imported this project; ``program`` is called as Python is.

    It has what ``runs`` need or what ``sandboxes`` do: moto, once imported, changes every client of AWS.
    """

    def __init__(self, needed_by: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="warm-")
        self.program = Path(self._folder.name) / "python"
        self.program.write_text(_PROGRAM)
        self.program.chmod(0o755)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(f"{self.program}.socket")
            listening.listen(100)
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(listening.fileno()), needed_by],
                pass_fds=[listening.fileno()],
                stdin=subprocess.PIPE,  # when this process ends, however it does, so does the other
                cwd=PROJECT,
            )

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._folder.cleanup()


def become_each_copy(listening: socket.socket) -> None:
    """Make a copy for each call of the program; returns in the copies only."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the guardians
    while True:
        ready, _, _ = select.select([listening, sys.stdin], [], [])
        if sys.stdin in ready:
            os._exit(0)
        connection, _ = listening.accept()
        if os.fork():
            connection.close()
            continue
        listening.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        message, descriptors, _, _ = socket.recv_fds(connection, _LARGEST_MESSAGE, 3)
        copy = os.fork()
        if copy:
            _guard(copy, connection, descriptors)
        connection.close()
        os.setsid()
        _become(json.loads(message), descriptors)
        return


def _guard(copy: int, connection: socket.socket, descriptors: list[int]) -> None:
    """Tell how the copy ends, and end it with the program that it is made for."""
    for descriptor in descriptors:
        os.close(descriptor)
    connection.send(_NUMBER.pack(copy))
    ended = os.pidfd_open(copy)
    ready, _, _ = select.select([ended, connection], [], [])
    if ended not in ready:
        os.kill(copy, signal.SIGKILL)
    _, status = os.waitpid(copy, 0)
    connection.send(_NUMBER.pack(os.waitstatus_to_exitcode(status)), socket.MSG_NOSIGNAL)
    os._exit(0)


def _become(said: dict[str, object], descriptors: list[int]) -> None:
    for own, descriptor in enumerate(descriptors):
        os.dup2(descriptor, own)
        os.close(descriptor)
    sys.stdin = os.fdopen(0, "r", closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    os.chdir(str(said["folder"]))
    os.environ.clear()
    os.environ.update(said["environment"])  # type: ignore[call-overload]
    sys.executable = str(said["program"])
    flag, sys.argv[1:] = said["arguments"][0], said["arguments"][1:]  # type: ignore[index]
    assert flag == "-m"


def _import_for_runs() -> None:
    import loadtest.commands.report
    import loadtest.commands.restore
    import loadtest.judge.analyse
    import loadtest.load.writer.watcher
    import loadtest.load.writer.writer
    import loadtest.report.junit
    import loadtest.report.markdown
    import loadtest.report.terminal
    import loadtest.run.sealing.sealing  # noqa: F401
    from loadtest.report.page import page_environment
    from loadtest.target.s3_client import s3_client, s3_session
    from tests.quick_boto3 import read_once

    read_once()
    s3_client(s3_session("none", "none"), "us-east-1", "http://127.0.0.1:1")  # reads what botocore knows of S3
    for name in page_environment().list_templates(["html"]):
        page_environment().get_template(name)  # compiles it


def _import_for_sandboxes() -> None:
    import boto3

    import loadtest.commands.sandbox
    import loadtest.sandbox.aws.moto_child
    import loadtest.sandbox.server.server  # noqa: F401
    from tests.quick_boto3 import read_once

    read_once()
    for name in (
        "moto_server.werkzeug_app",
        *(f"{service}.responses" for service in ("apigateway", "iam", "s3", "sts")),
    ):
        import_module(f"moto.{name}")
    for service in ("iam", "s3"):
        boto3.client(service, "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    boto3.DEFAULT_SESSION = None


if __name__ == "__main__":
    sys.path[0] = str(PROJECT)
    {"runs": _import_for_runs, "sandboxes": _import_for_sandboxes}[sys.argv[2]]()
    gc.freeze()  # a copy that looks through all this for garbage would copy every page of it
    become_each_copy(socket.socket(fileno=int(sys.argv[1])))
    module, sys.argv[:2] = sys.argv[1], [sys.argv[1]]
    sys.modules.pop(module if "." in module else f"{module}.__main__", None)  # it is run, and not only imported
    runpy.run_module(module, run_name="__main__", alter_sys=True)
