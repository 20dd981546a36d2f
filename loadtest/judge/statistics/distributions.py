"""Quantiles of three distributions: normal, Student's t, and beta (from which Clopper and Pearson's intervals follow).

Judging needs no more of a statistics library, and SciPy is 143 MB and takes longer to import than a short run takes to
judge. The tests compare them with SciPy's, to twelve digits.

The tails of the beta distribution are a density times a continued fraction (Didonato and Morris 1992, "Significant
digit computation of the incomplete beta function ratios", section 5). The density is computed from deviances (Loader
2000, "Fast and accurate computation of binomial probabilities"), because a difference of logarithms of gamma functions
has no digits left when there are millions of observations.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

_NORMAL: Final = NormalDist()
_CLOSE: Final = 4e-16
_CLOSE_STEP: Final = 1e-12
_MOST_TERMS: Final = 1_000_000
_FARTHEST: Final = 700.0
"""A logit beyond which a float holds neither end of the distribution."""


def normal_quantile(chance: float) -> float:
    """The value that a standard normal variable stays below with this chance."""
    return _NORMAL.inv_cdf(chance)


def student_quantile(freedom: float, chance: float) -> float:
    """The value that Student's t with so many degrees of ``freedom`` stays below with this chance."""
    if chance < 0.5:
        return -student_quantile(freedom, 1 - chance)
    odds = math.exp(_beta_logit(0.5, freedom / 2, 2 * chance - 1)) if chance > 0.5 else 0.0
    return math.sqrt(freedom * odds)  # t² / (t² + freedom) is of a beta distribution


def beta_quantile(first: float, second: float, chance: float) -> float:
    """The value that a variable of the beta distribution with these two parameters stays below with this chance."""
    return 1 / (1 + math.exp(-_beta_logit(first, second, chance)))


@lru_cache(maxsize=4096)  # windows and runs are alike in number, so that the same few quantiles are asked for
def _beta_logit(first: float, second: float, chance: float) -> float:
    """log(x / (1 - x)) of the quantile x, which distinguishes values near either end.

    Newton's method for the logarithm of the tail: it is concave, so every step comes nearer. Where a tail is too small
    for a float, the middle of the interval that is known to hold the quantile is the next step.
    """
    low, high = -_FARTHEST, _FARTHEST
    at = math.log(first / second) + math.sqrt(1 / first + 1 / second) * normal_quantile(chance)
    for _ in range(200):
        at = at if low < at < high else (low + high) / 2
        below, above, density = _beta_tails(first, second, at)
        tail, wanted, sign = (below, chance, 1) if chance <= 0.5 else (above, 1 - chance, -1)
        low, high = (low, at) if (tail > wanted) == (sign > 0) else (at, high)
        step = sign * math.log(tail / wanted) * tail / density if tail > 0 and density > 0 else math.inf
        if abs(step) <= _CLOSE_STEP * max(1.0, abs(at)):
            return at - step  # each step has twice the digits of the one before
        at -= step
    return min(max(at, low), high)


def _beta_tails(first: float, second: float, logit: float) -> tuple[float, float, float]:
    """The chances to lie below and above, and the density by the logit. The smaller chance keeps all its digits."""
    x, rest = 1 / (1 + math.exp(-logit)), 1 / (1 + math.exp(logit))
    density = _density(first, second, x, rest)
    if first <= 1:
        below, above, _ = _beta_tails(first + 1, second, logit)
        return below + density / first, above - density / first, density
    if second <= 1:
        below, above, _ = _beta_tails(first, second + 1, logit)
        return below - density / second, above + density / second, density
    both = first + second
    lead = first - both * x if first <= second else both * rest - second  # how far below the mean, with all digits
    if lead >= 0:
        below = density * _fraction(first, second, x, rest, lead)
        return below, 1 - below, density
    above = density * _fraction(second, first, rest, x, -lead)
    return 1 - above, above, density


def _density(first: float, second: float, x: float, rest: float) -> float:
    both = first + second
    return math.sqrt(first / both * second / (2 * math.pi)) * math.exp(
        _remainder(both)
        - _remainder(first)
        - _remainder(second)
        - _deviance(first, both * x)
        - _deviance(second, both * rest)
    )


def _fraction(first: float, second: float, x: float, rest: float, lead: float) -> float:
    """The chance to lie below x, by the density there: the continued fraction, for an x that is below the mean."""
    begin = 1 + lead
    ratio, shift = second / first, 1 + 1 / first
    p, s = 1.0, first + 1
    above_before, below_before, above, below = 0.0, 1.0, 1.0, begin / shift
    value = shift / begin
    for step in range(1, _MOST_TERMS):
        t = step / first
        w = step * (second - step) * x
        e = first / s
        alpha = p * (p + ratio) * e * e * (w * x)
        e = (1 + t) / (shift + t + t)
        beta = step + w / s + e * (begin + step * (1 + rest))
        p, s = 1 + t, s + 2
        above_before, above = above, alpha * above_before + beta * above
        below_before, below = below, alpha * below_before + beta * below
        before, value = value, above / below
        if abs(value - before) <= _CLOSE * value:
            break
        above_before, below_before, above, below = above_before / below, below_before / below, value, 1.0
    return value


def _remainder(value: float) -> float:
    """What Stirling's formula leaves of the logarithm of the gamma function."""
    if value < 15:
        return math.lgamma(value) - ((value - 0.5) * math.log(value) - value + 0.5 * math.log(2 * math.pi))
    inverse = 1 / value**2
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - inverse / 1188) * inverse) * inverse) * inverse) / value


def _deviance(observed: float, expected: float) -> float:
    """observed · log(observed / expected) + expected - observed, with all digits even if the two are nearly equal."""
    difference = observed - expected
    if abs(difference) >= 0.1 * (observed + expected):
        return observed * math.log(observed / expected) - difference
    share = difference / (observed + expected)
    total, term = difference * share, 2 * observed * share
    for power in range(3, 1000, 2):
        term *= share * share
        before, total = total, total + term / power
        if total == before:
            break
    return total
