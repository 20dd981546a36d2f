"""How the values of faults are written: durations, shares and distributions. A wrong one gets one clear sentence."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from random import Random
from typing import Final

from stacks.user_input import real_number, shown

_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>us|ms|s|m)", re.ASCII)
_DISTRIBUTION = re.compile(r"(?P<name>[a-z]+)\((?P<arguments>[^()]*)\)")
LONGEST_S: Final = 600.0
"""The longest duration that a fault takes: longer than any time limit of a client."""


class FaultValueError(Exception):
    """The value of a fault cannot be used. The text is one sentence."""


def duration(text: str) -> float:
    """Seconds from ``250us``, ``5ms``, ``1.5s`` or ``2m``; ``0`` needs no unit.

    Raises:
        FaultValueError: it is not a duration, or longer than ten minutes.
    """
    stripped = text.strip()
    if stripped == "0":
        return 0.0
    match = _DURATION.fullmatch(stripped)
    if match is None:
        raise FaultValueError(f"{shown(text)} is not a duration; write it like 250us, 5ms, 1.5s or 2m")
    seconds = float(match["number"]) * _UNITS[match["unit"]]
    if seconds > LONGEST_S:
        raise FaultValueError(f"{shown(text)} is too long; the longest is {LONGEST_S:g}s")
    return seconds


def positive_duration(text: str) -> float:
    """As :func:`duration`, and more than nothing."""
    seconds = duration(text)
    if seconds <= 0:
        raise FaultValueError(f"{shown(text)} is no time at all; give more than 0, or leave the fault out")
    return seconds


def share(text: str) -> float:
    """A share from ``5%`` or ``0.05``; ``on`` is all."""
    stripped = text.strip().lower()
    if stripped == "on":
        return 1.0
    number, divisor = (stripped[:-1], 100.0) if stripped.endswith("%") else (stripped, 1.0)
    value = real_number(number, otherwise=math.nan) / divisor
    if not 0 <= value <= 1:
        raise FaultValueError(f"{shown(text)} is not a share; write it like 5%, 0.05 or on (= 100%)")
    return value


@dataclass(frozen=True)
class LatencyDistribution:
    """A distribution of durations in seconds, cut off below at 0: ``kind`` and its one or two parameters."""

    kind: str
    first: float
    second: float = 0.0

    def draw(self, random: Random) -> float:
        if self.kind == "constant":
            return self.first
        if self.kind == "uniform":
            return random.uniform(self.first, self.second)
        if self.kind == "normal":
            return max(0.0, random.gauss(self.first, self.second))
        if self.kind == "exp":
            return random.expovariate(1.0 / self.first)
        return random.lognormvariate(math.log(self.first), self.second)


def distribution(text: str) -> LatencyDistribution:
    """A distribution from ``5ms``, ``normal(5ms,1ms)``, ``uniform(1ms,9ms)``, ``exp(5ms)`` or ``lognormal(5ms,0.5)``.

    normal takes mean and standard deviation, exp the mean, lognormal the median and sigma (of the logarithm).
    """
    match = _DISTRIBUTION.fullmatch(text.strip().lower().replace(" ", ""))
    if match is None:
        return LatencyDistribution("constant", duration(text))
    name, arguments = match["name"], match["arguments"].split(",")
    if name == "exp" and len(arguments) == 1:
        return LatencyDistribution("exp", positive_duration(arguments[0]))
    if name == "lognormal" and len(arguments) == 2:
        return LatencyDistribution("lognormal", positive_duration(arguments[0]), _sigma(arguments[1]))
    if name in ("normal", "uniform") and len(arguments) == 2:
        first, second = duration(arguments[0]), duration(arguments[1])
        if name == "uniform" and first > second:
            raise FaultValueError(f"{shown(text)} begins after it ends; write the shorter duration first")
        return LatencyDistribution(name, first, second)
    raise FaultValueError(
        f"{shown(text)} is not a distribution; write 5ms, normal(5ms,1ms), uniform(1ms,9ms), exp(5ms) or "
        "lognormal(5ms,0.5)"
    )


def _sigma(text: str) -> float:
    value = real_number(text.strip(), otherwise=math.nan)
    if not 0 <= value <= 5:
        raise FaultValueError(f"{shown(text)} is not a sigma of a lognormal; give a number from 0 to 5")
    return value
