"""Real Locust runs against a real sandbox, short ones."""

import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from locust_process import LATENCY, OPEN, SHORT, Run, Start, Type
from own_document import Mine
from warm_locust import WarmLocust, arguments_of
from warm_python import QuickSandbox

from benchmarks.nginx import free_port
from loadtest.project import locust_command
from loadtest.sandbox.process import RunningSandbox
from tests.docs.documented import copy_of_project


@pytest.fixture(scope="session")
def shared_sandbox(synthesized: dict[str, Path], quick_sandbox: QuickSandbox) -> Iterator[RunningSandbox]:
    with quick_sandbox(synthesized["conditional"]) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox) -> Iterator[RunningSandbox]:
    """The shared sandbox, as slow as a quick gateway, with no fault left behind."""
    shared_sandbox.set_fault("latency", LATENCY)
    yield shared_sandbox
    shared_sandbox.clear_faults()


@pytest.fixture
def mine(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mine]:
    """The owner's document, in the shared sandbox, where every key may do everything meanwhile."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    enforced = sandbox.state()["enforces_iam"]
    sandbox.enforce_iam(False)
    document = Mine(sandbox)
    document.put()
    yield document
    sandbox.enforce_iam(enforced)


@pytest.fixture
def start(tmp_path: Path, warm_locust: WarmLocust) -> Iterator[Start]:
    """Starts ``locust -f loadtest/locustfile.py`` with short windows; kills what a test leaves running."""
    runs: list[Run] = []

    def start_locust(
        outputs: Path | None,
        *arguments: str,
        run_time: str | None = "4s",
        headless: bool = True,
        log: Path | None = None,
        warm: bool = True,
        **differently: Any,
    ) -> Run:
        run_dir = tmp_path / f"run-{len(runs)}"
        command = locust_command("--only-summary", headless=headless)
        command += ["-u", "8", "-r", "8"] if headless else []
        command += ["-t", run_time] if run_time else []
        command += ["--outputs", str(outputs or tmp_path / "none.json"), "--run-dir", str(run_dir)]
        command += [*(SHORT if run_time else OPEN), *arguments]
        port = str(free_port())  # of a master, for several tests may run at a time
        ports = {"LOCUST_MASTER_BIND_PORT": port, "LOCUST_MASTER_NODE_PORT": port}
        environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true", **ports}
        errors = None if log is None else log.open("wb")
        if warm:
            process: Any = warm_locust.start(arguments_of(command), tmp_path, environment, errors, **differently)
        else:
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=errors or subprocess.STDOUT,
                text=True,
                cwd=tmp_path,
                env=environment,
                start_new_session=True,
            )
        runs.append(Run(run_dir, process))
        return runs[-1]

    yield start_locust
    _end(runs)


def _end(runs: list[Run]) -> None:
    for run in runs:
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
            run.process.wait()
        if run.process.stdout:
            run.process.stdout.close()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader of the documentation types: a folder with the load test in it."""
    return copy_of_project(tmp_path_factory.mktemp("typed") / "project", "loadtest", "stacks")


def assigned(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """The variables that stand before a command, and the command."""
    before = list(itertools.takewhile(re.compile(r"\w+=").match, words))
    return dict(word.split("=", 1) for word in before), words[len(before) :]


@pytest.fixture
def typed(checkout: Path, sandbox: RunningSandbox, tmp_path: Path, warm_locust: WarmLocust) -> Iterator[Type]:
    """Types a command of the documentation beside the sandbox's outputs.json; kills what a test leaves running."""
    assert sandbox.outputs_path is not None
    (checkout / "outputs.json").write_bytes(sandbox.outputs_path.read_bytes())
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
    runs: list[Run] = []

    def type_it(command: str) -> Run:
        run_dir = tmp_path / f"typed-{len(runs)}"
        environment = {**os.environ, "PATH": path, "LOCUST_RUN_DIR": str(run_dir), "AWS_EC2_METADATA_DISABLED": "true"}
        variables, words = assigned(shlex.split(command))
        if words[0] == "locust":
            process: Any = warm_locust.start(words[1:], checkout, environment | variables)
        else:
            process = subprocess.Popen(
                ["bash", "-c", command],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=checkout,
                env=environment,
                start_new_session=True,
            )
        runs.append(Run(run_dir, process))
        return runs[-1]

    yield type_it
    _end(runs)
    (checkout / "outputs.json").unlink(missing_ok=True)
