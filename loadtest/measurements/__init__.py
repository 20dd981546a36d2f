"""What is measured but is not a verdict: latency, consistency windows, savings, impact, availability, generator.

Part of :mod:`loadtest.summary`, which re-exports everything here. Times on an axis are nanoseconds since the origin of
the run (``Run.origin_ns``). ``None`` means that it could not be measured, never zero.
"""

from loadtest.measurements.generator import (
    Availability,
    Generator,
    GeneratorPause,
    GeneratorWorker,
    OutcomeCount,
    PausedQuantile,
)
from loadtest.measurements.slowdown import AfterEffect, AnswerMix, ImpactEstimate, KindImpact, LagEstimate
from loadtest.measurements.speed import (
    Impact,
    Latency,
    LatencyHistogram,
    LatencyRow,
    LatencySeries,
    Quantiles,
    SincePut,
    SlowestReads,
    WindowRow,
)
from loadtest.measurements.versions import (
    Conditional,
    Consistency,
    ConsistencyWindow,
    Distribution,
    KStaleness,
    VisibilityPoint,
)

__all__ = [
    "AfterEffect",
    "AnswerMix",
    "Availability",
    "Conditional",
    "Consistency",
    "ConsistencyWindow",
    "Distribution",
    "Generator",
    "GeneratorPause",
    "GeneratorWorker",
    "Impact",
    "ImpactEstimate",
    "KStaleness",
    "KindImpact",
    "LagEstimate",
    "Latency",
    "LatencyHistogram",
    "LatencyRow",
    "LatencySeries",
    "OutcomeCount",
    "PausedQuantile",
    "Quantiles",
    "SincePut",
    "SlowestReads",
    "VisibilityPoint",
    "WindowRow",
]
