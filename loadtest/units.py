"""The one place where numbers become text: durations, ratios, shares, counts, rates, bytes and bounds.

Everything else keeps nanoseconds and fractions. Three significant digits, a narrow no-break space nowhere: plain
text that can be searched for and pasted.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
"""In nanoseconds, as every time here is."""

NOTHING: Final = "not measured"
"""What stands where there is no value. Never "0"."""

_DURATIONS: Final = ((1, "ns"), (1_000, "µs"), (MILLISECOND, "ms"), (SECOND, "s"))
_SIZES: Final = ((1, "B"), (1_000, "kB"), (1_000_000, "MB"), (1_000_000_000, "GB"), (1_000_000_000_000, "TB"))


def significant(value: float, digits: int = 3) -> str:
    """``value`` with ``digits`` significant digits (all digits before the point), thousands separated by commas."""
    if abs(value) >= 10**digits or value == 0:
        return f"{value:,.0f}"
    return f"{Decimal(f'{value:#.{digits}g}'):,f}"


def duration(nanoseconds: float | None) -> str:
    """A duration with the unit that fits it: 12.3 ms. Sub-microsecond values stay in whole nanoseconds."""
    if nanoseconds is None:
        return NOTHING
    if nanoseconds == 0:
        return "0 ms"
    factor, unit = _fitting(abs(nanoseconds), _DURATIONS)
    return f"{significant(nanoseconds / factor)} {unit}"


def seconds(nanoseconds: float | None) -> str:
    """A long duration: 90 s, 12 min 5 s."""
    if nanoseconds is None:
        return NOTHING
    whole = nanoseconds / SECOND
    if whole < 120:
        return duration(nanoseconds)
    minutes, rest = divmod(round(whole), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def ratio(value: float | None) -> str:
    """A ratio: 1.04x (the sign that search engines and terminals all know)."""
    return NOTHING if value is None else f"{value:.2f}x" if value < 100 else f"{value:,.0f}x"


def share(value: float | None) -> str:
    """A fraction as a percentage: 0.12 %."""
    if value is None:
        return NOTHING
    percent = value * 100
    if percent in (0, 100):
        return f"{percent:.0f} %"
    if 99.9 < percent < 100:  # 99.999 % must not become 100 %
        return f"{100 - Decimal(f'{100 - percent:.2g}'):f} %"
    return f"{significant(percent)} %"


def count(value: int | None) -> str:
    """A count: 12,345."""
    return NOTHING if value is None else f"{value:,}"


def counted(value: int, one: str, many: str = "") -> str:
    """A count with its noun: 1 read, 2 reads."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def rate(value: float | None, what: str = "") -> str:
    """A rate: 1,234/s."""
    return NOTHING if value is None else f"{significant(value)}{f' {what}' if what else ''}/s"


def size(value: float | None) -> str:
    """A number of bytes in decimal units: 1.23 MB."""
    if value is None:
        return NOTHING
    factor, unit = _fitting(abs(value), _SIZES)
    return f"{value:,.0f} B" if factor == 1 else f"{significant(value / factor)} {unit}"


def interval(low: str, high: str) -> str:
    """A 95 % confidence interval."""
    return f"95 % interval {low} to {high}"


def none_found(number: int) -> str:
    """The answer where nothing was found in ``number`` tries: none in 60,000 (and the bound of :func:`none_in`)."""
    return f"none in {number:,} ({none_in(number)})" if number else none_in(number)


def none_in(number: int) -> str:
    """The bound for something that never happened in ``number`` tries (the rule of three), for everybody to read.

    ``at 95 % confidence below 0.00500 %, or 1 in 20,000``, which is 3 in 60,000; five tries or fewer say nothing.
    """
    if not number:
        return NOTHING
    return f"at 95 % confidence below {share(3 / number)}, or 1 in {number // 3:,}" if number > 5 else "too few to tell"


def _fitting(value: float, units: tuple[tuple[int, str], ...]) -> tuple[int, str]:
    fitting = units[0]
    for factor, unit in units:
        if value >= factor * 0.9995:  # 999.95 ns prints as 1.00 µs, not as 1,000 ns
            fitting = (factor, unit)
    return fitting
