"""Write impact: reads are not slower while the document is being replaced, beyond what is tolerated.

**Guarantee.** At p50, p90 and p99 the response time while writing, and at any time after a PUT, is at most
``--impact-tolerance`` times that of reads which no PUT touches. Reads of one kind of answer are compared: that more
readers have to fetch the whole document after a PUT is not a slowdown of the target. The measurement is in
:mod:`loadtest.judge.measure.impact`; this turns it into a verdict.

**Verdict.** FAIL when a whole interval is above the tolerance: that of a quantile, of a quantile of one kind of
answer, of a time after a PUT, or of writing windows against the end of the rests. PASS when the whole 95 % interval
at p99 is at or below it and nothing is in doubt. INCONCLUSIVE otherwise: when the interval spans the tolerance; when
what a PUT leaves behind outlasts the rests, or may be more than is tolerated; when windows of one kind differ by what
came before them; when writes seem to make reads faster, as quiet windows were not quiet then; whenever the load
generator was not fast enough, as latencies tell about the generator then; and in a run that never wrote. If the true
ratio is exactly the tolerance, more than one run in twenty may FAIL, because several intervals are looked at; if writes
do no harm, hardly any does.

**Exclusions.** Pairs of windows in which a quiet window met a PUT or a writing one met none. Errors. A run without
rests (a short one, or of an old version) cannot see what a PUT leaves behind for much longer than a window.

Fields: ``looked_at`` = pairs used; ``found`` = what is above the tolerance (quantiles, quantiles of a kind of answer,
times after a PUT); numbers: the ratio at each quantile, and the noise floor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from loadtest import units
from loadtest.judge.checks.promise import Counted, Promise
from loadtest.judge.measure.generator_health import measure_generator
from loadtest.judge.measure.impact import failures, measure_impact
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Number


def tolerated_ratio(settings: Mapping[str, JsonValue]) -> str:
    ratio = settings.get("impact_tolerance")
    return f"up to {units.ratio(ratio)}" if isinstance(ratio, (int, float)) else ""


PROMISE: Final = Promise(
    "write-impact",
    "Write impact",
    "Reads are not slower while the document is being replaced, beyond the tolerated ratio.",
    looks_at=Counted("pair of windows", "pairs of windows"),
    finds=Counted("quantile too slow", "quantiles too slow"),
    tolerated=tolerated_ratio,
)


def write_impact(history: History) -> CheckResult:
    impact = history.once(measure_impact)
    generator = history.once(measure_generator)
    verdict, sentence = impact.verdict, impact.sentence
    if impact.control and verdict is not Verdict.INCONCLUSIVE:
        verdict, sentence = Verdict.INCONCLUSIVE, f"{sentence} So whether writes slow reads down was not tried."
    elif generator.fast_enough is not True and verdict is not Verdict.INCONCLUSIVE:
        verdict, sentence = Verdict.INCONCLUSIVE, f"{generator.sentence} What was measured: {impact.sentence}"
    floor = impact.noise_floor
    what = "near a publication / just before" if impact.basis == "publications" else "while writing / while quiet"
    numbers = (
        *(
            Number(f"response time {what}, {estimate.quantile}", estimate.ratio, "ratio", estimate.text)
            for estimate in impact.estimates
        ),
        Number(f"noise floor at {impact.headline}: a smaller slowdown goes unseen", floor, "ratio", units.ratio(floor)),
    )
    return PROMISE.result(verdict, sentence, looked_at=impact.pairs_used, found=failures(impact), numbers=numbers)
