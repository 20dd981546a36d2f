"""On a terminal the progress is redrawn in place and leaves no trace; anywhere else there are plain lines."""

import contextlib
import io
import logging
import os
import pty
import re
import select
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import gevent
import pytest
from locust_process import NEVER_MET, PROJECT, SHORT, Run, assert_judged_once
from pseudo_terminal import InTerminal, Screen, shown_on_terminal

from loadtest.__main__ import main
from loadtest.load import coordinator
from loadtest.load.progress import progress
from loadtest.load.progress.live_display import LiveDisplay, drawn
from loadtest.load.reading.recorder import Counts
from loadtest.project import locust_command
from loadtest.report.steps import silent, steps
from loadtest.run.plan import Plan
from loadtest.sandbox.process import RunningSandbox

QUESTIONS = (
    "Do writes slow reads down?",
    "Is every read whole?",
    "How long do readers see the old version?",
    "Is ETag honoured, and what does it save?",
)
COLOUR = re.compile(r"\x1b\[[\d;]*m")
StartInTerminal = Callable[..., InTerminal]


@pytest.fixture
def in_terminal(tmp_path: Path) -> Iterator[StartInTerminal]:
    """Starts a program in a pseudo-terminal, in a folder of its own; ends what is left running."""
    started: list[InTerminal] = []

    def start(*command: str, folder: Path = tmp_path, **variables: str) -> InTerminal:
        started.append(InTerminal.start([sys.executable, *command], folder, **variables))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """Makes a terminal the standard error of this process, and returns the end where one can read what it shows."""
    master, slave = pty.openpty()
    monkeypatch.setenv("TERM", "xterm-256color")
    with os.fdopen(slave, "w") as stream:

        def become() -> int:  # pytest puts its own stream back between a fixture and its test
            monkeypatch.setattr(sys, "stderr", stream)
            return master

        yield become
    os.close(master)


def said(master: int) -> str:
    text = b""
    while select.select([master], [], [], 0.3)[0]:
        text += os.read(master, 65536)
    return text.decode()


def a_plan() -> Plan:
    return Plan("run", "folder", "boot", "url", time.monotonic_ns(), 0, 1, 2048, 0, "constant", 0.5, 1, {})


# -- a whole run


def locust(outputs: Path, *arguments: str) -> tuple[str, ...]:
    return (*locust_command()[1:], "-u", "8", "-r", "8", "--outputs", str(outputs), *SHORT, *arguments)


def test_a_run_on_a_terminal_ended_with_ctrl_c(
    sandbox: RunningSandbox, in_terminal: StartInTerminal, tmp_path: Path
) -> None:
    run = in_terminal(*locust(sandbox.outputs_path, "-t", "9s", "--run-dir", "run", *NEVER_MET))
    modes = termios.tcgetattr(run.master)
    run.read_until(r"([6-9]|1\d) windows? done")
    assert "All users spawned" in Screen().feed(run.said).text
    assert re.search(r"━+  0:0\d of 0:09, \d+ windows? done, now (quiet|writing)", Screen().feed(run.said).text)
    run.press("\x03")
    code = run.wait()

    screen = Screen().feed(run.said).text
    assert_judged_once(Run(tmp_path / "run", run.process, screen, code))
    assert " done, now" not in screen, "the display is gone"
    assert "━" not in screen
    assert "Judging the run" not in screen
    assert screen.count("Aggregated") == 2, "Locust's tables come once, at the end"
    log_lines = [line for line in screen.splitlines() if "/INFO/" in line]
    assert all(line.startswith("[") for line in log_lines), screen
    ends = [screen.rindex(question) for question in QUESTIONS]
    assert screen.rindex("Aggregated") < ends[0]
    assert ends == sorted(ends)
    assert screen.rindex("Report: ") > ends[-1]
    assert run.said.count("\x1b[?25l") <= run.said.count("\x1b[?25h"), "the cursor is back"
    assert run.said.rfind("\x1b[?25h") >= run.said.rfind("\x1b[?25l")
    assert termios.tcgetattr(run.master) == modes


# -- the report command


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    folder = tmp_path / "recorded"
    folder.mkdir()
    for file in (PROJECT / "tests" / "histories" / "clean").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs one of this project's commands here, on a terminal; what was shown there."""

    def run(*arguments: str, **variables: str) -> str:
        for name in ("NO_COLOR", "COLUMNS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"TERM": "xterm-256color", **variables}.items():
            monkeypatch.setenv(name, value)
        with shown_on_terminal() as shown:
            assert main(arguments) in (0, 3)
        return shown()

    return run


def test_report_on_a_terminal_shows_what_it_is_doing_and_leaves_the_answers(
    recorded: Path, in_this_process: Callable[..., str]
) -> None:
    printed = in_this_process("report", str(recorded))
    assert "Judging the run: " in printed
    assert "\x1b[1" in printed, "in colour"
    screen = Screen().feed(printed).text
    assert "Judging" not in screen
    assert all(question in screen for question in QUESTIONS)
    assert printed.rfind("\x1b[?25h") > printed.rfind("\x1b[?25l")


def test_no_color_is_respected(recorded: Path, in_this_process: Callable[..., str]) -> None:
    printed = in_this_process("report", str(recorded), NO_COLOR="1")
    colours = {match for match in COLOUR.findall(printed) if re.search(r"[\[;](3|4|9|10)\d", match)}
    assert colours == set()


def test_a_dumb_terminal_gets_plain_lines(recorded: Path, in_this_process: Callable[..., str]) -> None:
    printed = in_this_process("report", str(recorded), TERM="dumb")
    assert "\x1b" not in printed
    assert "Judging the run …\r\n" in printed


def test_a_report_can_be_silent() -> None:
    stream = io.StringIO()
    with silent() as told:
        told.stage("Judging the run")
    with steps(stream) as told:
        told.stage("Judging the run")
        told.part("Fresh reads")
    assert stream.getvalue() == "Judging the run …\n"


# -- the display


def test_each_redraw_takes_the_place_of_the_one_before() -> None:
    long = ((("one", "good"), (" two", "plain")), (("three", "bad"),))
    short = ((("four", "plain"),),)
    screen = Screen().feed("before\r\n")
    for lines in (long, short, long, short):
        screen.feed(drawn(lines, coloured=True).replace("\n", "\r\n"))
    assert screen.text == "before\n\nfour"
    assert COLOUR.search(drawn(long, coloured=True))
    assert not COLOUR.search(drawn(long, coloured=False))


def test_what_others_write_stays_above_the_display(
    terminal: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    master = terminal()
    log = logging.getLogger("loadtest.test")
    handler = logging.StreamHandler(sys.stderr)
    monkeypatch.setattr(log, "handlers", [handler])
    before = sys.stderr
    display = LiveDisplay(sys.stderr)
    lines = ((("reads", "plain"),), (("writes", "plain"),))
    display.show(lines, coloured=True)
    log.error("first")
    log.error("second")
    display.show(lines, coloured=True)
    sys.stderr.write("no end of line")
    display.show(lines, coloured=True)
    before.write("another process\n")  # which knows nothing of the display
    before.flush()
    display.show(lines, coloured=True)
    assert Screen().feed(said(master)).text == "first\nsecond\nno end of line\nanother process\n\nreads\nwrites"
    display.close()
    display.close()
    log.error("third")
    assert sys.stderr is before
    assert handler.stream is before
    assert said(master) == "\r\x1b[Jthird\r\n"


def test_what_is_logged_while_the_report_draws_comes_after_it(
    terminal: Callable[[], int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Locust says that it shuts down when Ctrl-C meets a run's own end, as the report is being made."""
    master, log = terminal(), logging.getLogger("loadtest.test")
    closed = logging.StreamHandler(io.StringIO())
    closed.stream.close()
    closed.addFilter(lambda record: False)
    monkeypatch.setattr(log, "handlers", [logging.StreamHandler(sys.stderr), closed])

    def report(*_command: object, **_how: object) -> SimpleNamespace:
        sys.stderr.write("Judging the run")
        log.error("shutting down (%s)", "exit code 0")
        sys.stderr.write("\r\x1b[K")  # as a spinner leaves its line
        return SimpleNamespace(returncode=1)

    monkeypatch.setattr(coordinator.subprocess, "run", report)
    environment = SimpleNamespace(stop_timeout=0, process_exit_code=None)
    preparation = SimpleNamespace(writer=None, put_back=lambda: None)
    run = SimpleNamespace(
        _environment=environment, _preparation=preparation, receiver=None, _answers_to=lambda: sys.stdout
    )
    directory = SimpleNamespace(path=tmp_path, point_latest_here=lambda: log.error("afterwards"))
    coordinator.Coordinator._end_and_report(run, directory, SimpleNamespace(workers=0))
    assert Screen().feed(said(master)).text == "shutting down (exit code 0)\nafterwards\n"
    assert environment.process_exit_code == 1


def test_a_terminal_that_takes_nothing_does_not_stop_the_readers(terminal: Callable[[], int]) -> None:
    master = terminal()
    display = LiveDisplay(sys.stderr)
    for _ in range(2_000):  # nobody reads: what is not skipped would wait for ever
        display.show(((("x" * 70, "plain"),),), coloured=False)
    assert 0 < said(master).count("x" * 70) < 2_000


def test_a_terminal_that_is_gone_does_not_stop_the_readers() -> None:
    master, slave = pty.openpty()
    stream = os.fdopen(slave, "w")
    display = LiveDisplay(stream)
    display.show(((("reads", "plain"),),), coloured=False)
    os.close(master)
    display.show(((("reads", "plain"),),), coloured=False)
    display.close()
    with contextlib.suppress(OSError):
        stream.close()


# -- which of both


def test_progress_on_a_terminal(terminal: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    master = terminal()
    monkeypatch.setattr(progress, "REDRAW_INTERVAL_S", 0.001)
    shown = progress.Progress(a_plan(), time.monotonic_ns() + 10**11, live=True)
    shown.local = lambda: Counts(reads=7)
    gevent.sleep(0.05)
    shown.stop()
    text = said(master)
    assert "7 reads" in text
    assert Screen().feed(text).text == ""


def test_progress_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_INTERVAL_S", 0.001)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    now = time.monotonic_ns()
    monkeypatch.setattr(progress.time, "monotonic_ns", lambda: now)
    shown = progress.Progress(a_plan())
    shown.update("worker", {"reads": 5, "errors": 1})
    gevent.sleep(0.05)
    shown.stop()
    lines = sys.stderr.getvalue().splitlines()
    counted = "5 reads, 0 writes, 0 stale reads so far, 0 answered 304, 1 error"
    assert set(lines) == {f"0:00, writing all the time: {counted}"}


def test_the_delay_is_the_longest_of_the_last_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    shown = progress.Progress(a_plan())
    now = time.monotonic_ns()
    delays = iter((5_000, 900, 700, 600))
    shown.local = lambda: Counts(loop_delay_ns=next(delays))
    seen = []
    for seconds in (0, 2, 20, 40):
        monkeypatch.setattr(progress.time, "monotonic_ns", lambda at=now + seconds * 10**9: at)
        seen.append(shown.totals().loop_delay_ns)
    shown.stop()
    assert seen == [5_000, 5_000, 700, 600]
