"""The grammar of a threshold: ``METRIC[(argument, …)] COMPARISON LIMIT[UNIT]``, several of them with ``;`` in between.

Lark parses it; :mod:`loadtest.judge.thresholds.metrics` knows which arguments and units a metric takes, so that
whatever :func:`parse` returns can be measured in any run.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from loadtest.judge.thresholds.metric import Dimension, Metric
from loadtest.judge.thresholds.metrics import METRICS
from stacks.user_input import cut, shown

if TYPE_CHECKING:
    from lark import Token

Comparison = Literal["<", "<=", ">", ">=", "==", "!="]
LIST: Final = "docs/thresholds.md lists all"
EXAMPLE: Final = "p99(response, writing) < 250ms"
UNITS: Final[dict[Dimension, dict[str, Decimal]]] = {
    "duration": {
        "ns": Decimal(1),
        "us": Decimal(10**3),
        "µs": Decimal(10**3),
        "ms": Decimal(10**6),
        "s": Decimal(10**9),
        "min": Decimal(60 * 10**9),
    },
    "share": {"%": Decimal("0.01")},
    "ratio": {"": Decimal(1), "x": Decimal(1)},
    "count": {"": Decimal(1)},
    "rate": {"": Decimal(1)},
    "bytes": {"B": Decimal(1), "KB": Decimal(10**3), "kB": Decimal(10**3), "MB": Decimal(10**6), "GB": Decimal(10**9)},
}
"""The size of each unit of a limit, in the metric's own unit (ns, a fraction, 1, 1/s, a byte)."""


class ThresholdError(ValueError):
    """A threshold cannot be used; the text is one sentence: what was received, and what to do."""


@dataclass(frozen=True)
class Threshold:
    """One condition. ``limit`` is in the metric's own unit: ns, a fraction, a number, a rate per second, bytes."""

    expression: str
    metric: str
    arguments: tuple[str, ...]
    comparison: Comparison
    limit: float
    limit_text: str


def parse(text: str) -> tuple[Threshold, ...]:
    """The conditions in ``text``: one, or several with ``;`` in between.

    Raises:
        ThresholdError: it is no threshold, its metric does not exist, or the limit's unit does not fit the metric.
    """
    from loadtest.judge.thresholds.syntax import NoThresholdError, tokens_of  # noqa: PLC0415 - few runs have thresholds

    try:
        return tuple(_threshold(text, tokens) for tokens in tokens_of(text))
    except NoThresholdError as error:
        raise ThresholdError(f"{shown(text)} {error}: write it like {EXAMPLE!r} ({LIST} metrics).") from None


def _threshold(text: str, tokens: list[Token]) -> Threshold:
    by_type: dict[str, str] = {token.type: str(token) for token in tokens}
    arguments = tuple(str(token) for token in tokens if token.type == "ARGUMENT")
    name, comparison = by_type["METRIC"], by_type["COMPARISON"]
    number, unit = Decimal(by_type["NUMBER"]), by_type.get("UNIT", "")
    expression = text.strip() if ";" not in text else text[tokens[0].start_pos : tokens[-1].end_pos]
    metric = METRICS.get(name)
    if metric is None:
        raise ThresholdError(
            f"{shown(expression)} asks for {shown(name)}, which does not exist: {_near(name, METRICS)}{LIST} metrics."
        )
    _check_arguments(expression, metric, arguments)
    factor = UNITS[metric.dimension].get(unit)
    if factor is None and not (number == 0 and not unit):  # 0 is 0 in every unit
        raise ThresholdError(
            f"{shown(expression)} has the limit {shown(by_type['NUMBER'] + unit)}, but {name} is "
            f"{_DIMENSIONS[metric.dimension]}."
        )
    if metric.is_interval and comparison in ("==", "!="):
        raise ThresholdError(
            f"{shown(expression)} asks for {comparison}, but {name} is known as an interval, which never equals a "
            "number: use < or >."
        )
    limit = float(number * (factor or 1))
    kind = cast(Comparison, comparison)
    return Threshold(expression, name, arguments, kind, limit, by_type["NUMBER"] + unit)


_DIMENSIONS: Final[dict[Dimension, str]] = {
    "duration": "a duration: give it ns, us, ms, s or min",
    "share": "a share: give it in %",
    "ratio": "a ratio: give a plain number, 1.2 is a fifth more",
    "count": "a count: give a plain number",
    "rate": "a number per second: give a plain number",
    "bytes": "a number of bytes: give it B, KB, MB or GB",
}


def _check_arguments(expression: str, metric: Metric, arguments: tuple[str, ...]) -> None:
    left = list(metric.arguments)
    for argument in arguments:
        fitting = next((choices for choices in left if argument in choices), None)
        if fitting is None:
            other = next(
                (a for choices in metric.arguments if argument in choices for a in arguments if a in choices), ""
            )
            if other:
                raise ThresholdError(
                    f"{shown(expression)} gives {metric.name} both {cut(other)} and {cut(argument)}: choose one."
                )
            known = [choice for choices in metric.arguments for choice in choices]
            hint = f"it takes {_listed(metric)}" if known else "it takes nothing in parentheses"
            raise ThresholdError(
                f"{shown(expression)} gives {metric.name} the argument {shown(argument)}: "
                f"{_near(argument, known)}{hint}."
            )
        left.remove(fitting)
    if metric.needs_argument and not arguments:
        raise ThresholdError(f"{shown(expression)} does not say which {metric.name}: it takes {_listed(metric)}.")


def _listed(metric: Metric) -> str:
    return ", and ".join("one of " + " ".join(choices) for choices in metric.arguments)


def _near(name: str, known: Any) -> str:
    near = get_close_matches(name[:100], list(known), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}? " if near else ""
