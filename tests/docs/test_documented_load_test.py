"""The load test's commands in the documentation, typed as they stand there, in a checkout of their own."""

import argparse
import contextlib
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documented import PROJECT, copy_of_project, shell, synthesized_before
from locust.argument_parser import get_parser
from warm_python import QuickSandbox

from loadtest.__main__ import main
from loadtest.judge.analyse import summarise
from loadtest.judge.thresholds.judging import evaluate
from loadtest.load.options.options import add_arguments, settings_from
from loadtest.run.loading import load_history
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE
from loadtest.sandbox.process import RunningSandbox

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
TYPED = {*("make demo", "python -m loadtest sandbox --help"), *(LOCUST, MORE_LOCUST, *REPORTS, *COMPARISONS, *PROBES)}
"""All commands that are run here."""
IN_A_PROCESS = {
    "python -m loadtest report RUN_DIR",
    ".venv/bin/python -m loadtest compare OLD_RUN NEW_RUN",
    ".venv/bin/python -m loadtest probe --write",
}
"""Each command in one of its forms, and Python called in both ways. The other forms differ in what follows the name of
the command: they are called with that, which spares seconds of imports."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, synthesized: dict[str, Path]) -> Path:
    """The project after `make demo`, whose run is now runs/base."""
    folder = copy_of_project(
        tmp_path_factory.mktemp("documented") / "project",
        *("loadtest", "stacks", "cdktf.json", "Makefile", "requirements.txt"),
    )
    synthesized_before(folder, synthesized["conditional"])
    demo = shell("make demo", folder, seconds=300, **SHORT)
    # make's own exit code is 2 for whatever is not PASS
    assert (folder / "runs" / "latest" / "report.html").exists(), demo.stdout + demo.stderr
    assert "Is ETag honoured, and what does it save?" in demo.stdout
    (folder / "runs" / "base").symlink_to((folder / "runs" / "latest").resolve().name)
    return folder


@pytest.fixture(scope="module")
def sandbox(checkout: Path, quick_sandbox: QuickSandbox) -> Iterator[RunningSandbox]:
    """The sandbox that the checkout's outputs.json names."""
    with quick_sandbox(checkout / ".build" / "sandbox" / "demo", outputs=checkout / "outputs.json") as running:
        yield running


def done(shown: str, command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What becomes of a command that the documentation shows, with names that exist in ``folder`` as ``command``."""
    return typed(command, folder) if shown in IN_A_PROCESS else called(command, folder)


def typed(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Types a command where .venv/bin is in the PATH, as after `source .venv/bin/activate`."""
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
    return shell(command, folder, seconds=300, PATH=path, **SHORT)


def called(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Calls one of this project's commands with what is typed after `python -m loadtest`."""
    arguments = shlex.split(command.partition(" -m loadtest ")[2])
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            code: Any = main(arguments)
        except SystemExit as ended:  # --help does
            code = ended.code
    return subprocess.CompletedProcess(arguments, code or 0, output.getvalue(), errors.getvalue())


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


@pytest.mark.parametrize("command", REPORTS)
def test_report(measured: Path, command: str) -> None:
    before = latest(measured)
    (measured / "runs" / "latest" / "summary.json").unlink()
    reported = done(command, REPORTS[command], measured)
    assert reported.returncode in VERDICTS, reported.stderr
    assert latest(measured) == before


@pytest.mark.parametrize("command", COMPARISONS)
def test_compare(measured: Path, command: str) -> None:
    compared = done(command, COMPARISONS[command], measured)
    assert compared.returncode in VERDICTS, compared.stderr
    if "--output" in command:
        assert (measured / "comment.md").read_text().startswith("#")


def options_of(command: str) -> argparse.Namespace:
    """What Locust takes a command's options for, with those of this project's locustfile."""
    parser = get_parser()
    add_arguments(parser)
    return parser.parse_args(shlex.split(command)[1:])


def test_thresholds(measured: Path) -> None:
    """The command differs from the README's by its thresholds, so the run of that one is judged by them."""
    options, without = options_of(MORE_LOCUST), options_of(LOCUST)
    settings = settings_from(options)
    assert vars(options) | {"threshold": []} == vars(without)
    history = load_history(measured / "runs" / "latest")
    results = evaluate(settings.thresholds, summarise(history), history)
    assert [result.expression for result in results] == [
        "p99(response, writing) < 250ms",
        "stale_share == 0",
        "errors < 0.1%",
        "bytes_saved > 60%",
    ]


@pytest.mark.parametrize("command", PROBES)
def test_probe(checkout: Path, sandbox: RunningSandbox, command: str) -> None:
    probed = done(command, PROBES[command].replace("URL", sandbox.samples_url), checkout)
    assert probed.returncode in VERDICTS, probed.stderr
    assert "if-none-match-current" in probed.stdout


def test_the_sandbox_s_help_lists_the_faults() -> None:
    told = called("python -m loadtest sandbox --help", PROJECT)
    assert "stale-304" in told.stdout
    assert "latency=" in told.stdout
