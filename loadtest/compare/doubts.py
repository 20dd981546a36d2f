"""Why the response times of two runs may not be comparable: a slow or busy load generator, or windows left out."""

from __future__ import annotations

from typing import Final

from loadtest import units
from loadtest.judge.measure.generator_health import SMALL_SHARE
from loadtest.judge.measure.paused_windows import MOST_LEFT_OUT, PAUSED
from loadtest.judge.measure.window_pairs import NO_PARTNER
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary

GENERATOR_CHECK: Final = "load-generator"


def same_run(base: Summary, new: Summary) -> list[str]:
    """A sentence where there is nothing to compare: a run is always as good as itself."""
    return ["Both are the same run."] if base.run.id == new.run.id else []


def incomplete(base: Summary, new: Summary, *, killed: bool = False) -> list[str]:
    """A sentence for each run of whose record a part is missing; ``killed``: those that were killed count as well."""
    return [
        f"Part of the record of the {label} run is missing."
        for label, ended in (("base", base.run.ended), ("new", new.run.ended))
        if ended.missing or (killed and ended.recovered)
    ]


def unless_doubted(verdict: Verdict, sentence: str, doubts: list[str]) -> tuple[Verdict, str]:
    """The verdict of a comparison and its sentence; with a doubt it does not pass."""
    if verdict is not Verdict.PASS or not doubts:
        return verdict, sentence
    return Verdict.INCONCLUSIVE, f"No regression is shown, but this does not pass: {doubts[0]}"


def generator_doubt(base: Summary, new: Summary) -> str:
    """Why the latencies of these runs cannot be believed, with a full stop at the end; "" if they can."""
    for label, summary in (("base", base), ("new", new)):
        check = next((check for check in summary.checks if check.id == GENERATOR_CHECK), None)
        if check is None or check.verdict is not Verdict.PASS:
            return f"the load generator of the {label} run was not fast enough to be believed."
        paused, of = summary.impact.windows_paused, sum(window.kind != "rest" for window in summary.impact.windows)
        if paused > MOST_LEFT_OUT * of:
            return (
                f"the load generator of the {label} run itself paused in {units.counted(paused, 'window')} of {of:,}."
            )
    return ""


def left_out_doubt(base: Summary, new: Summary) -> str:
    """Why the windows that are compared are no fair sample, with a full stop at the end; "" if they are."""
    for label, summary in (("base", base), ("new", new)):
        windows = [window for window in summary.impact.windows if window.kind != "rest"]
        count = sum(window.dropped not in ("", PAUSED, NO_PARTNER) for window in windows)
        if count > MOST_LEFT_OUT * len(windows):
            return (
                f"{count:,} of {units.counted(len(windows), 'window')} of the {label} run are left out, as a PUT of a "
                "quiet one did not end before it, none was in flight in a writing one, or no read succeeded."
            )
    return ""


def busier_machine(base: Summary, new: Summary, increase_ns: float) -> str:
    """Why a slower run may only be a busier machine; "" when the load generator woke as promptly as before.

    The generator and, on one machine, the target wait for the same processors. Its delay at p99 shows that best, as at
    p50 it need not wait at all.
    """
    before, after = base.generator.loop_delay.p99_ns, new.generator.loop_delay.p99_ns
    if before is None or after is None or after <= 2 * before or after - before < SMALL_SHARE * increase_ns:
        return ""
    return (
        f"Reads were {units.duration(increase_ns)} slower, but the load generator itself woke {units.duration(after)} "
        f"late at p99, and {units.duration(before)} in the base run: its machine was busier, so measure again."
    )
