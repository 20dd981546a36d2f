"""Ctrl-C while a run ends: the report is made, and whoever pressed it is not forgotten."""

from collections.abc import Callable
from types import SimpleNamespace

import gevent
import pytest
from gevent.event import Event
from locust.runners import MasterRunner

from loadtest.load import interrupts
from loadtest.load.interrupts import interrupt, interrupt_if_asked, stop_once_at_a_time, waiting_through_ctrl_c
from loadtest.load.plugin import ReadModelRun


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the main greenlet is told."""
    told: list[object] = []
    hub = SimpleNamespace(handle_system_error=lambda kind, _value: told.append(kind))
    monkeypatch.setattr(interrupts.gevent, "get_hub", lambda: hub)
    monkeypatch.setattr(interrupts._CtrlC, "pressed", False)
    return told


def test_ctrl_c_ends_the_process_at_once(told: list[object]) -> None:
    interrupt()
    assert told == [KeyboardInterrupt]


def test_ctrl_c_while_a_report_is_made_ends_the_process_after_it(told: list[object]) -> None:
    """A master with Locust's page goes on after a run, and did so even if it was to end."""
    with waiting_through_ctrl_c():
        interrupt()
        with waiting_through_ctrl_c():
            interrupt()
        interrupt()
    assert told == [], "the report was not cut short"
    interrupt_if_asked()
    interrupt_if_asked()
    assert told == [KeyboardInterrupt]


def test_nobody_who_did_not_press_it_is_interrupted(told: list[object]) -> None:
    with waiting_through_ctrl_c():
        pass
    interrupt_if_asked()
    assert told == []


class Runner:
    """As Locust's: it counts as stopped before it tells whoever makes the report then."""

    def __init__(self, report: Callable[[], object]) -> None:
        self._report = report
        self._is_stopped = False

    def stop(self) -> None:
        if not self._is_stopped:
            self._is_stopped = True
            self._report()

    def quit(self) -> None:
        self.stop()


def test_a_signal_while_a_process_without_workers_reports_waits_for_the_report() -> None:
    """It ended the process before: without a report, and with an exit code that means PASS."""
    reported = Event()
    runner = Runner(reported.wait)
    stop_once_at_a_time(runner, has_page=False)
    when_its_time_is_over = gevent.spawn(runner.quit)
    gevent.sleep(0)
    at_sigterm = gevent.spawn(runner.quit)
    gevent.sleep(0)
    gevent.sleep(0)
    assert not at_sigterm.ready()
    reported.set()
    gevent.joinall([when_its_time_is_over, at_sigterm], timeout=10)
    assert at_sigterm.ready()


def test_a_master_without_a_page_may_be_stopped_while_it_stops() -> None:
    """By the greenlet that takes in its workers' messages, which it waits for."""
    runner = MasterRunner.__new__(MasterRunner)  # one that listens on no port
    vars(runner)["greenlet"] = ()
    stop_once_at_a_time(runner, has_page=False)
    assert "stop" not in vars(runner)
    stop_once_at_a_time(runner, has_page=True)
    assert "stop" in vars(runner)


def test_a_run_that_is_stopped_while_clocks_are_compared_does_not_begin() -> None:
    """Its readers are told to stop already: it would be a run without a read, with a report of nothing."""
    run = ReadModelRun.__new__(ReadModelRun)
    coordinator = SimpleNamespace(plan=None, finished=False, mark_end=lambda: None)
    vars(run).update(
        _coordinator=coordinator,
        _team=SimpleNamespace(share_out=run._on_test_stopping),
        _participant=SimpleNamespace(stop_sending=lambda: None),
        _starting=False,
    )
    run._on_spawning_complete(user_count=4)
    assert coordinator.plan is None


def test_ctrl_c_pressed_again_while_readers_are_waited_for_does_not_cost_the_report(told: list[object]) -> None:
    """Readers of a target that hangs take their five seconds, and then the document is put back, too."""
    run = ReadModelRun.__new__(ReadModelRun)
    vars(run).update(
        _quitting=False,
        _participant=SimpleNamespace(end_sending=interrupt, stop_recording=interrupt),
        _environment=SimpleNamespace(runner=SimpleNamespace(quit=interrupt), process_exit_code=None),
        _coordinator=None,
        _coordinates=False,
    )
    run._on_quitting()
    assert told == []
