"""Real Locust runs against a real sandbox, short ones."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from locust_process import BASE_INSTALL, SHORT, Run, Start
from warm_locust import WarmLocust, arguments_of

from benchmarks.nginx import free_port
from loadtest.project import locust_command
from loadtest.sandbox.process import RunningSandbox, running_sandbox


@pytest.fixture(scope="session")
def shared_sandbox(synthesized: dict[str, Path]) -> Iterator[RunningSandbox]:
    with running_sandbox(synthesized["conditional"]) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox) -> Iterator[RunningSandbox]:
    """The shared sandbox, with no fault left behind."""
    yield shared_sandbox
    shared_sandbox.clear_faults()


@pytest.fixture(scope="session")
def warm_locust() -> Iterator[WarmLocust]:
    warm = WarmLocust()
    yield warm
    warm.close()


@pytest.fixture
def without_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of this test draw no page."""
    monkeypatch.setenv("PYTHONPATH", str(BASE_INSTALL))


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
    ) -> Run:
        run_dir = tmp_path / f"run-{len(runs)}"
        command = locust_command("--only-summary", headless=headless)
        command += ["-u", "8", "-r", "8"] if headless else []
        command += ["-t", run_time] if run_time else []
        # a run whose end is not known begins with a long rest, in which nothing is written
        windows = SHORT if run_time else (*SHORT, "--window", "0")
        command += ["--outputs", str(outputs or tmp_path / "none.json"), "--run-dir", str(run_dir)]
        command += [*windows, *arguments]
        port = str(free_port())  # of a master, for several tests may run at a time
        ports = {"LOCUST_MASTER_BIND_PORT": port, "LOCUST_MASTER_NODE_PORT": port}
        environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true", **ports}
        errors = None if log is None else log.open("wb")
        if warm:
            process: Any = warm_locust.start(arguments_of(command), tmp_path, environment, errors)
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
    for run in runs:
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
            run.process.wait()
        if run.process.stdout:
            run.process.stdout.close()
