"""How sure an interval must be in a run that was looked at while it went on; otherwise 97.5 % at each end."""

from __future__ import annotations

from typing import Final

from loadtest.judge.statistics.spending import ONE_LOOK, Tails, tails_of_last
from loadtest.run.history.history import History
from loadtest.run.history.looks import complete_pairs

METHOD_OF_LOOKS: Final = (
    " The run was looked at as it went on, to end as soon as all was decided: the ends of the intervals of the "
    "slowdown are those of a group-sequential test (Lan and DeMets; the low end like O'Brien and Fleming's bounds, the "
    "high end like Pocock's), so that 95 % holds for all looks together."
)


def tails_of(history: History) -> Tails:
    """The tails of the intervals of this run, by the pairs of windows that were over at each of its looks.

    If no look ended the run, its report is one more look, at the pairs that there were at the end.
    """
    looks = history.info.looks
    if looks is None:
        return ONE_LOOK
    counts = [look.pairs for look in looks.made]
    if looks.decided is None:
        counts.append(complete_pairs(history.windows.pair.tolist()))
    shares: list[float] = []
    for count in counts:
        share = min(1.0, count / looks.pairs)
        if share > (shares[-1] if shares else 0.0):
            shares.append(share)
    return tails_of_last(shares) if shares else ONE_LOOK
