"""Looks at a run that goes on: one after the other, written down at once, and an end when nothing is undecided."""

import time
from pathlib import Path
from typing import Any

import gevent
import pytest
from chosen_settings import options

from loadtest.errors import UsageError
from loadtest.load.looking import looking
from loadtest.load.looking.look import look as look_once
from loadtest.load.looking.looking import Looking
from loadtest.load.options.options import settings_from
from loadtest.run.history.looks import PlannedLook
from loadtest.units import SECOND

DECIDABLE = ("--until-decided", "--headless", "--run-time", "60")


def looks(count: int, until_ns: int = 0) -> tuple[PlannedLook, ...]:
    """Looks that are due at once, before one that is due in an hour."""
    last = PlannedLook(count, time.monotonic_ns() + 3_600 * SECOND, 99)
    return (*(PlannedLook(number, until_ns, 5 + number) for number in range(1, count)), last)


def made(
    monkeypatch: pytest.MonkeyPatch, said: list[dict[str, Any]], planned: tuple[PlannedLook, ...]
) -> tuple[Looking, ...]:
    """What comes of looks that say so, one after the other."""
    answers = iter(said)
    monkeypatch.setattr(looking, "run_look", lambda run_dir, until_ns: next(answers))
    kept: list[dict[str, Any]] = []
    ended: list[bool] = []
    looked = Looking(Path(), planned, lambda found: kept.append(found) or True, lambda: ended.append(True))  # type: ignore[func-returns-value]
    looked.start()
    assert looked._greenlet is not None
    looked._greenlet.join(timeout=5)
    gevent.sleep(0)
    return looked, kept, ended  # type: ignore[return-value]


def test_the_run_ends_with_the_first_look_that_leaves_nothing_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    later_ns = time.monotonic_ns() + 3_600 * SECOND
    planned = (PlannedLook(1, 0, 6), *(PlannedLook(number, later_ns, 6 * number) for number in (2, 3, 4)))
    looked, kept, ended = made(monkeypatch, [{"undecided": [], "verdict": "PASS"}], planned)
    assert ended == [True]
    assert looked.results.said == "decided after 1 of 4 looks"
    assert kept[-1] == looked.results.model_dump(mode="json"), "it is written down before the run ends"
    assert kept[0]["made"] == []


@pytest.mark.parametrize("said", [{"failed": "disk"}, {}, {"undecided": ["fresh-reads"]}])
def test_a_look_that_fails_or_leaves_something_open_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    looked, kept, ended = made(monkeypatch, [said], looks(2))
    assert ended == []
    assert looked.results.decided is None
    assert len(looked.results.made) == len(kept) - 1 == ("undecided" in said), "a look that failed spends nothing"


def test_looks_that_became_due_while_another_went_on_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, _, ended = made(monkeypatch, [{"undecided": []}], looks(4, until_ns=1))
    assert ended == [True]
    assert [one.number for one in looked.results.made] == [3], "1 and 2 were overtaken by the next"


@pytest.mark.parametrize("room_for", [0, 1])
def test_a_look_that_cannot_be_written_down_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, room_for: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The report would judge the run as if nobody had looked, with intervals that are surer than they may be."""
    monkeypatch.setattr(looking, "run_look", lambda run_dir, until_ns: {"undecided": []})
    room, ended = iter([True] * room_for), []
    looked = Looking(Path(), looks(2), lambda found: next(room, False), lambda: ended.append(True))
    looked.start()
    if looked._greenlet is not None:
        looked._greenlet.join(timeout=5)
    gevent.sleep(0)
    assert ended == []
    assert looked.results.said == ""
    assert "written down" in caplog.text


def test_a_look_at_what_is_no_run_says_why(tmp_path: Path) -> None:
    assert "run.json" in look_once(tmp_path, 0)["failed"]


def test_until_decided_takes_a_longest_time_and_windows() -> None:
    assert settings_from(options(*DECIDABLE)).until_decided
    assert not settings_from(options()).until_decided


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--until-decided",), "--headless and --run-time"),
        (("--until-decided", "--headless"), "--headless and --run-time"),
        (("--until-decided", "--run-time", "60"), "--headless and --run-time"),
        ((*DECIDABLE, "--window", "0"), "--window 0 would wait in vain"),
        ((*DECIDABLE, "--write-interval", "0"), "--write-interval 0 would wait in vain"),
    ],
)
def test_what_could_never_be_decided_is_refused(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        settings_from(options(*arguments))
    assert "\n" not in str(refused.value)
