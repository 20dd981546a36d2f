"""What leaving windows out may change: it must never turn a FAIL into a PASS, and too many must not be left out."""

from __future__ import annotations

from dataclasses import replace

from loadtest import units
from loadtest.judge.measure.paused_windows import MOST_LEFT_OUT
from loadtest.run.records import Verdict
from loadtest.summary.speed import Impact


def settled(without: Impact, whole: Impact) -> Impact:
    """The impact ``without`` the windows in which the generator paused, as far as that of the ``whole`` run allows.

    A FAIL needs both: with the pauses, it may be due to them, and without them, too little may be left. If more than a
    quarter of the pairs would go, the rest is no fair sample: then nothing is left out, and nothing passes.
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
    note = f"{windows[0].upper()}{windows[1:]} in which the load generator itself paused"
    note += f" {'is' if count == 1 else 'are'} left out."
    verdicts = {whole.verdict, without.verdict}
    if verdicts == {Verdict.FAIL, Verdict.PASS}:
        how = "passes" if without.verdict is Verdict.PASS else "fails"
        return _noted(without, count, note, f"it {how} only without them: measure again")
    return _noted(without, count, note, "")


def _noted(impact: Impact, count: int, note: str, doubt: str) -> Impact:
    if not doubt:
        return replace(impact, windows_paused=count, sentence=f"{impact.sentence} {note}")
    return replace(
        impact,
        windows_paused=count,
        verdict=Verdict.INCONCLUSIVE,
        doubts=(*impact.doubts, doubt),
        sentence=f"{impact.sentence} {note} That settles nothing: {doubt}.",
    )
