"""Intervals of shares: of independent tries, and of tries that are correlated.

Reads in the same consistency window are stale together, so a share of stale reads is not known as well as its many
reads suggest. :func:`clustered_interval` takes that into account: it counts a write, with all reads that followed it,
as one observation.
"""

from __future__ import annotations

import numpy as np

from loadtest.judge.statistics.distributions import beta_quantile, student_quantile
from loadtest.judge.statistics.signed_rank import CONFIDENCE
from loadtest.run.history.history import Column


def clopper_pearson(successes: float, tries: float, low_tail: float, high_tail: float) -> tuple[float, float]:
    """The interval of the share ``successes`` / ``tries``, with at most these tails beyond its ends."""
    low = beta_quantile(successes, tries - successes + 1, low_tail) if successes > 0 else 0.0
    return low, beta_quantile(successes + 1, tries - successes, 1 - high_tail) if successes < tries else 1.0


def binomial_interval(successes: float, tries: float) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a share; one-sided where nothing, or everything, was found.

    Nothing found in n gives an upper end of 1 - 0.05^(1/n), about 3/n. The tries are taken as independent.
    """
    tail = (1 - CONFIDENCE) / (1 if successes in (0, tries) else 2)
    low, high = clopper_pearson(successes, tries, tail, tail)
    return round(low, 9), round(high, 9)


def clustered_interval(successes: Column, tries: Column) -> tuple[float, float]:
    """95 % interval of the share ``successes.sum() / tries.sum()``, both given by cluster (Korn and Graubard 1998).

    The variance over clusters tells how many independent tries would be as good as these (never more than there were);
    Clopper and Pearson's interval is that of so many. If nothing, or everything, was found, the clusters show no
    variance, and each counts as one try. A single cluster tells nothing: 0 to 1.
    """
    used = tries > 0
    successes, tries = successes[used].astype(np.float64), tries[used].astype(np.float64)
    clusters, total = len(tries), float(tries.sum())
    if clusters < 2:
        return 0.0, 1.0
    share = float(successes.sum()) / total
    if share in (0.0, 1.0):
        return binomial_interval(share * clusters, clusters)
    variance = clusters / (clusters - 1) * float(np.square(successes - share * tries).sum()) / total**2
    as_good_as = min(total, share * (1 - share) / variance) if variance else total
    # With few clusters the variance itself is uncertain, as Student's t is wider than the normal distribution.
    half = (1 - CONFIDENCE) / 2
    widened = student_quantile(max(1.0, total - 1), 1 - half) / student_quantile(clusters - 1, 1 - half)
    as_good_as *= min(1.0, widened) ** 2
    return binomial_interval(share * as_good_as, as_good_as)
