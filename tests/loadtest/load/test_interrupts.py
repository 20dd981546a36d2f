"""Ctrl-C while a run ends: the report is made, and whoever pressed it is not forgotten."""

from types import SimpleNamespace

import pytest

from loadtest.load import interrupts
from loadtest.load.interrupts import interrupt, interrupt_if_asked, waiting_through_ctrl_c


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
