"""What comes of leaving windows out: it must never turn a FAIL into a PASS, and not be too much."""

from __future__ import annotations

from dataclasses import replace

from loadtest import units
from loadtest.judge.measure.paused_windows import MOST_LEFT_OUT
from loadtest.run.records import Verdict
from loadtest.summary.speed import Impact


def settled(without: Impact, whole: Impact) -> Impact:
    """The impact ``without`` the windows in which the generator paused, as far as the ``whole`` of it allows.

    A FAIL needs both: with the pauses it may be theirs, and without them too little may be left. Where more than a
    quarter of the pairs would go, what is left is what the generator happened to see: nothing is left out, and nothing
    passes.
    """
    count = without.windows_paused
    windows = units.counted(count, "window")
    gone = whole.pairs_used - without.pairs_used
    if gone > MOST_LEFT_OUT * whole.pairs_used:
        why = (
            f"the load generator itself paused in {windows}, too many to be left out ({gone:,} of "
            f"{units.counted(whole.pairs_used, 'pair')}): measure on a machine with less other work"
        )
        both = whole.verdict is without.verdict is Verdict.FAIL
        return _noted(whole, count, f"In {windows} the load generator itself paused.", "" if both else why)
    noun = "is" if count == 1 else "are"
    said = f"{windows[0].upper()}{windows[1:]} in which the load generator itself paused {noun} left out."
    verdicts = {whole.verdict, without.verdict}
    if verdicts == {Verdict.FAIL, Verdict.PASS}:
        how = "passes" if without.verdict is Verdict.PASS else "fails"
        return _noted(without, count, said, f"it {how} only without them: measure again")
    return _noted(without, count, said, "")


def _noted(impact: Impact, count: int, said: str, why: str) -> Impact:
    if not why:
        return replace(impact, windows_paused=count, sentence=f"{impact.sentence} {said}")
    return replace(
        impact,
        windows_paused=count,
        verdict=Verdict.INCONCLUSIVE,
        doubts=(*impact.doubts, why),
        sentence=f"{impact.sentence} {said} That settles nothing: {why}.",
    )
