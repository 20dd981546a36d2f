"""The load test's commands in the documentation, typed as they stand there, in a checkout of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documented import PROJECT, copy_of_project, shell

from loadtest.run.spool_format import SPOOLED_READ_DTYPE
from loadtest.sandbox.process import RunningSandbox, running_sandbox

VERDICTS = (0, 1, 3)
SHORT = {"LOCUST_RUN_TIME": "3s", "LOCUST_WINDOW": "0.5", "LOCUST_WRITE_INTERVAL": "0.2"}

LOCUST = "locust -f loadtest/locustfile.py --headless -u 20 -r 20 -t 120s"
MORE_LOCUST = (
    "locust -f loadtest/locustfile.py --headless --users 20 --spawn-rate 20 --run-time 120s "
    '--threshold "p99(response, writing) < 250ms" --threshold "stale_share == 0" '
    '--threshold "errors < 0.1%; bytes_saved > 60%"'
)
REPORTS = {
    "python -m loadtest report RUN_DIR": "python -m loadtest report runs/latest",
    ".venv/bin/python -m loadtest report RUN_DIR": ".venv/bin/python -m loadtest report runs/latest",
}
COMPARISONS = {
    "python -m loadtest compare BASE NEW": "python -m loadtest compare runs/base runs/latest",
    ".venv/bin/python -m loadtest compare OLD_RUN NEW_RUN": (
        ".venv/bin/python -m loadtest compare runs/base runs/latest"
    ),
    "python -m loadtest compare runs/base runs/latest --tolerance 1.1 --output comment.md": (
        "python -m loadtest compare runs/base runs/latest --tolerance 1.1 --output comment.md"
    ),
}
PROBES = {
    "python -m loadtest probe [URL]": "python -m loadtest probe URL",
    "python -m loadtest probe https://…": "python -m loadtest probe URL",
    ".venv/bin/python -m loadtest probe --write": ".venv/bin/python -m loadtest probe --write",
}
TYPED = {
    *("make demo", "python main.py", "python -m loadtest sandbox --help"),
    *(LOCUST, MORE_LOCUST, *REPORTS, *COMPARISONS, *PROBES),
}
"""All commands that are run here."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after `make demo`, whose run is now runs/base."""
    folder = copy_of_project(
        tmp_path_factory.mktemp("documented") / "project",
        *("loadtest", "stacks", "main.py", "cdktf.json", "Makefile", "requirements.txt"),
    )
    done = shell("make demo", folder, seconds=300, **SHORT)
    # make's own exit code is 2 for whatever is not PASS
    assert (folder / "runs" / "latest" / "report.html").exists(), done.stdout + done.stderr
    assert "Is ETag honoured, and what does it save?" in done.stdout
    (folder / "runs" / "base").symlink_to((folder / "runs" / "latest").resolve().name)
    return folder


@pytest.fixture(scope="module")
def sandbox(checkout: Path) -> Iterator[RunningSandbox]:
    """The sandbox that the checkout's outputs.json names."""
    with running_sandbox(checkout / ".build" / "sandbox" / "demo", outputs=checkout / "outputs.json") as running:
        yield running


def typed(command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Types a command where .venv/bin is in the PATH, as after `source .venv/bin/activate`."""
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
    return shell(command, folder, seconds=300, PATH=path, **SHORT, **variables)


def typed_until_ctrl_c(command: str, folder: Path, reads: int) -> str:
    """Types a command that takes longer than a test may, and presses Ctrl-C after so many reads."""
    before = set(folder.glob("runs/*/spool"))
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        cwd=folder,
        env={**os.environ, **SHORT, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        for _ in range(1200):
            spools = [spool for folder in set(folder.glob("runs/*/spool")) - before for spool in folder.glob("*.reads")]
            if (
                sum(spool.stat().st_size for spool in spools) > SPOOLED_READ_DTYPE.itemsize * reads
                or process.poll() is not None
            ):
                break
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert process.returncode in VERDICTS, output
    return output


def latest(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "runs" / "latest" / "summary.json").read_text())
    return content


@pytest.fixture(scope="module")
def measured(checkout: Path, sandbox: RunningSandbox) -> Path:
    """The checkout after the README's Locust command, whose run is the latest."""
    output = typed_until_ctrl_c(LOCUST, checkout, reads=400)
    assert "Is every read whole?" in output
    assert latest(checkout)["run"]["sessions"] == 20
    return checkout


@pytest.mark.slow
@pytest.mark.parametrize("command", REPORTS)
def test_report(measured: Path, command: str) -> None:
    before = latest(measured)
    (measured / "runs" / "latest" / "summary.json").unlink()
    done = typed(REPORTS[command], measured)
    assert done.returncode in VERDICTS, done.stderr
    assert latest(measured) == before


@pytest.mark.slow
@pytest.mark.parametrize("command", COMPARISONS)
def test_compare(measured: Path, command: str) -> None:
    done = typed(COMPARISONS[command], measured)
    assert done.returncode in VERDICTS, done.stderr
    if "--output" in command:
        assert (measured / "comment.md").read_text().startswith("#")


@pytest.mark.slow
def test_thresholds(measured: Path) -> None:
    typed_until_ctrl_c(MORE_LOCUST, measured, reads=400)
    assert [threshold["expression"] for threshold in latest(measured)["thresholds"]] == [
        "p99(response, writing) < 250ms",
        "stale_share == 0",
        "errors < 0.1%",
        "bytes_saved > 60%",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("command", PROBES)
def test_probe(checkout: Path, sandbox: RunningSandbox, command: str) -> None:
    done = typed(PROBES[command].replace("URL", sandbox.samples_url), checkout)
    assert done.returncode in VERDICTS, done.stderr
    assert "if-none-match-current" in done.stdout


def test_the_sandbox_s_help_lists_the_faults(tmp_path: Path) -> None:
    done = typed("python -m loadtest sandbox --help", PROJECT)
    assert "stale-304" in done.stdout
    assert "latency=" in done.stdout


@pytest.mark.slow
def test_main_synthesizes_without_the_command_line(checkout: Path) -> None:
    done = typed("python main.py", checkout)
    assert done.returncode == 0, done.stderr
    assert len(list(checkout.glob("cdktf.out/stacks/*/cdk.tf.json"))) == 1
