"""The form of Locust's web page that starts a run, checked before any user starts: anybody may send it text."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from loadtest.errors import UsageError
from loadtest.load.options.options import PAGE_OPTIONS
from stacks.user_input import cut, real_number, shown, whole_number

MOST_READERS: Final = 100_000
LONGEST_RAMP_S: Final = 3_600
LONGEST_RUN_S: Final = 30 * 86_400
SETTINGS: Final = frozenset(name.replace("-", "_") for name in PAGE_OPTIONS)
OF_LOCUST: Final = ("user_count", "spawn_rate", "run_time", "host", "profile", "user_classes", "shape_class")
_REPEATABLE: Final = ("threshold", "user_classes")
_TIMESPAN: Final = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,7})m)?(?:([0-9]{1,8})s?)?")


@dataclass(frozen=True)
class StartForm:
    """A run as the page asks for it. ``settings`` are only this project's own, still as text."""

    users: int
    spawn_rate: float
    run_time_s: int | None
    host: str | None
    profile: str
    user_classes: tuple[str, ...]
    settings: Mapping[str, Any]

    def for_locust(self) -> list[tuple[str, str]]:
        """The form for Locust's own view, without the settings, which it would write into its options by itself."""
        fields = [("user_count", str(self.users)), ("spawn_rate", repr(self.spawn_rate)), ("profile", self.profile)]
        fields += [("run_time", str(self.run_time_s))] if self.run_time_s is not None else []
        return fields + [("user_classes", name) for name in self.user_classes]

    def applied_to(self, options: Namespace) -> Namespace:
        """The options of the run: those that Locust was started with, overridden by what the page may set."""
        return Namespace(**{**vars(options), **self.settings})


def read_form(fields: Mapping[str, Sequence[str]], user_classes: Sequence[str]) -> StartForm:
    """The form, checked; ``user_classes`` are the ones to choose from.

    Raises:
        UsageError: a field is unknown, cannot be set from the page, comes twice, or has a value that cannot be used.
    """
    for name, values in fields.items():
        if name not in SETTINGS and name not in OF_LOCUST:
            raise UsageError(
                f"{shown(name)} cannot be set from the page: it takes {', '.join(sorted(SETTINGS))}; give anything "
                "else where Locust is started."
            )
        if len(values) > 1 and name not in _REPEATABLE:
            raise UsageError(f"{name} comes {len(values):,} times: give it once.")
    chosen = {name: values[0].strip() for name, values in fields.items() if values and name not in _REPEATABLE}
    users = _number(chosen, "user_count", "the number of users", 1, MOST_READERS)
    spawn_rate = _rate(chosen, users)
    run_time = _run_time(chosen.get("run_time", ""))
    if run_time is not None and users / spawn_rate > run_time:
        raise UsageError(
            f"The run would end after {run_time:,} s, before all {users:,} users are there: make the ramp-up faster or "
            "the run longer."
        )
    if chosen.get("shape_class", "Default") != "Default":
        raise UsageError(f"shape_class is {shown(chosen['shape_class'])}: there is only Default.")
    named = tuple(name for name in fields.get("user_classes", ()) if name)
    for name in named:
        if name not in user_classes:
            raise UsageError(f"user_classes is {shown(name)}: there are {', '.join(user_classes)}.")
    settings: dict[str, Any] = {name: value for name, value in chosen.items() if name in SETTINGS}
    if "threshold" in fields:
        settings["threshold"] = [text for text in fields["threshold"] if text.strip()]
    return StartForm(users, spawn_rate, run_time, _host(chosen), cut(chosen.get("profile", "")), named, settings)


def _number(chosen: Mapping[str, str], name: str, meaning: str, least: int, most: int) -> int:
    text = chosen.get(name, "")
    value = whole_number(text, otherwise=least - 1)
    if not least <= value <= most:
        raise UsageError(f"{name} is {shown(text)}: give {meaning}, {least:,} to {most:,}.")
    return value


def _rate(chosen: Mapping[str, str], users: int) -> float:
    text = chosen.get("spawn_rate", "")
    value = real_number(text, otherwise=0)
    if value <= 0 or users / value > LONGEST_RAMP_S:
        raise UsageError(
            f"spawn_rate is {shown(text)}: give the number of users started per second, at least "
            f"{max(users / LONGEST_RAMP_S, 0.001):.3g}, so that all of them are there within an hour."
        )
    return value


def _run_time(text: str) -> int | None:
    """Seconds; None is until somebody presses Stop."""
    if not text:
        return None
    match = _TIMESPAN.fullmatch(text)
    seconds = (
        sum(int(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True)) if match else 0
    )
    if not 0 < seconds <= LONGEST_RUN_S:
        raise UsageError(f"run_time is {shown(text)}: write it like 20, 20s, 3m, 2h or 1h20m, at most 30 days.")
    return seconds


def _host(chosen: Mapping[str, str]) -> str | None:
    """The host. Whether it can be used is checked together with the other settings."""
    return chosen.get("host", "").rstrip("/") or None
