"""Synthesizes the stack and runs a sandbox that serves it as a child process, for tests and demonstrations.

with running_sandbox(synthesize()) as sandbox:
    urllib.request.urlopen(sandbox.samples_url)
    sandbox.set_fault("latency", "5ms")
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loadtest.errors import UsageError
from loadtest.project import PROJECT

_READY: Final = "sandbox ready: "


class SandboxError(Exception):
    """The sandbox did not start, or refused something. The text is what it said."""


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that runs. ``url`` is its root; ``outputs_path`` is None for an empty one."""

    url: str
    outputs_path: Path | None
    pid: int

    def outputs(self) -> dict[str, str]:
        if self.outputs_path is None:
            return {}
        content: dict[str, dict[str, str]] = json.loads(self.outputs_path.read_text(encoding="utf-8"))
        return next(iter(content.values()))

    @property
    def samples_url(self) -> str:
        if self.outputs_path is not None:
            return self.outputs()["SamplesUrl"]
        state = self.state()
        if not state["samples"]:
            raise SandboxError("; ".join(state["problems"].values()) or "nothing was deployed into the sandbox yet")
        served: str = state["samples"][0]
        return served

    def state(self) -> dict[str, Any]:
        return self._ask("GET", "/_sandbox")

    def set_fault(self, name: str, value: str) -> None:
        """Turn a fault on, change it, or take it away (``off``)."""
        self.set_faults({name: value})

    def set_faults(self, values: Mapping[str, str]) -> None:
        self._ask("PUT", "/_sandbox/faults", dict(values))

    def clear_faults(self) -> None:
        self.set_faults(dict.fromkeys(self._ask("GET", "/_sandbox/faults")["active"], "off"))

    def enforce_iam(self, enforce: bool = True) -> None:
        """Check requests to AWS against IAM, or let all pass."""
        self._ask("PUT", "/_sandbox/enforce-iam", enforce)

    def _ask(self, method: str, path: str, content: Any = None) -> dict[str, Any]:
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(  # noqa: S310 - our own child on loopback
            self.url + path, data=body, method=method, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                received: dict[str, Any] = json.load(answer)
                return received
        except urllib.error.HTTPError as error:
            raise SandboxError(json.load(error)["message"]) from None


@contextmanager
def running_sandbox(
    synth: Path | None = None,
    *,
    stack: str | None = None,
    faults: Mapping[str, str] | None = None,
    seed: int = 1,
    outputs: Path | None = None,
    python: str = sys.executable,
    time_limit_s: float = 60,
) -> Iterator[RunningSandbox]:
    """Start a sandbox on a free port, yield it, stop it.

    ``synth`` is a folder of synthesized stacks or one ``cdk.tf.json``; None starts an empty sandbox. ``outputs`` is
    where outputs.json goes (default: a temporary folder); ``python`` is what runs the sandbox.
    """
    with tempfile.TemporaryDirectory() as folder:
        outputs_path = outputs or Path(folder) / "outputs.json"
        command = [python, "-m", "loadtest", "sandbox", "--until-input-ends", "--seed", str(seed)]
        command += ["--empty"] if synth is None else ["--synth-dir", str(synth), "--outputs", str(outputs_path)]
        command += [] if stack is None else ["--stack", stack]
        for name, value in (faults or {}).items():
            command += ["--fault", f"{name}={value}"]
        search_path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH", "")]))
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,  # when this process ends, however it does, so does the sandbox
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": search_path},
                start_new_session=True,
            )
            try:
                line = _first_line(process, time_limit_s)
                if not line.startswith(_READY):
                    process.kill()
                    process.wait()
                    errors.seek(0)
                    raise SandboxError(errors.read().decode(errors="replace").strip() or "the sandbox said nothing")
                url = line.removeprefix(_READY).split()[0].split("/_aws/")[0]
                yield RunningSandbox(url, None if synth is None else outputs_path, process.pid)
            finally:
                _stop(process)


def _first_line(process: subprocess.Popen[bytes], time_limit_s: float) -> str:
    output = process.stdout
    deadline = time.monotonic() + time_limit_s
    if output is None or not select.select([output], [], [], max(0.0, deadline - time.monotonic()))[0]:
        return ""
    return output.readline().decode()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


FOLDER: Final = PROJECT / ".build" / "sandbox"


def synthesize(name: str = "demo", settings: Mapping[str, str] | None = None) -> Path:
    """Synthesize the stack as ``python main.py`` does, with ``settings`` (READMODEL_* variables) over the user's own.

    Returns the folder with the synthesized stack. Takes some 5 s, most of them for loading the bindings.

    Raises:
        UsageError: a setting is wrong; the reason has been printed.
    """
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **(settings or {}), "CDKTF_OUTDIR": str(folder)}
    if subprocess.run([sys.executable, "main.py"], cwd=PROJECT, check=False, env=environment).returncode:
        raise UsageError("The stack could not be synthesized; the reason is above.")
    return folder
