"""Whether two runs may be compared: what must be alike, and what a reader should know when it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from loadtest import units
from loadtest.run.settings import PUBLISH
from loadtest.summary.summary import Run, Summary

MUST_BE_ALIKE: Final = (
    "documents",
    "payload_bytes",
    "arrival_rate",
    "arrival_process",
    "conditional_share",
    "window",
    "write_interval",
    "writer",
    "watch_interval",
    "users",
    "workers",
)
"""Settings that change what is measured."""
_DEFAULTS: Final = {"documents": "made up", "writer": PUBLISH}
_JUDGED_BY: Final = ("max_staleness", "impact_tolerance")
_LIKE_LENGTH: Final = 1.5
_LIKE_LOAD: Final = 1.0


@dataclass(frozen=True)
class Difference:
    """One thing that the runs do not have in common."""

    name: str
    base: str
    new: str

    def __str__(self) -> str:
        return f"{self.name} ({self.base} and {self.new})"


def differences(base: Summary, new: Summary) -> tuple[Difference, ...]:
    runs = base.run, new.run
    settings = {name: [run.settings.get(name, _DEFAULTS.get(name)) for run in runs] for name in MUST_BE_ALIKE}
    found = [
        Difference(name.replace("_", " "), *map(text_of, both)) for name, both in settings.items() if both[0] != both[1]
    ]
    kinds = [run.target.get("kind") for run in runs]
    if kinds[0] != kinds[1]:
        found.append(Difference("kind of target", *map(text_of, kinds)))
    # Reads of several addresses or places are compared all together, where those of the smallest part hardly count.
    places = [max(1, len(summary.places)) for summary in (base, new)]
    for name, counts in (("addresses", list(map(addresses, runs))), ("places", places)):
        if max(counts) > 1:
            found.append(Difference(f"how many {name}, whose reads are compared all together", *map(str, counts)))
    return (*found, *_unlike_rests(base, new))


def addresses(run: Run) -> int:
    """At how many addresses the object was read."""
    recorded = run.target.get("addresses")
    return len(recorded) if isinstance(recorded, list) else 1


def _unlike_rests(base: Summary, new: Summary) -> tuple[Difference, ...]:
    """Rests in one run only. Where PUTs leave something behind, rests end it, so the runs are not comparable."""
    rests = [_rests(run) for run in (base, new)]
    left_behind = any(run.impact.after is not None and run.impact.after.seen for run in (base, new))
    return (Difference("rests", *rests),) if left_behind and rests[0] != rests[1] else ()


def _rests(summary: Summary) -> str:
    return "some" if any(window.kind == "rest" for window in summary.impact.windows) else "none"


def notes(base: Run, new: Run) -> tuple[str, ...]:
    """What does not forbid a comparison but should be known."""
    sentences = []
    if base.id == new.id:
        sentences.append("Both are the same run.")
    for name in _JUDGED_BY:
        if base.settings.get(name) != new.settings.get(name):
            values = f"{text_of(base.settings.get(name))} and {text_of(new.settings.get(name))}"
            sentences.append(f"The runs were judged by different settings: {name.replace('_', ' ')} ({values}).")
    lengths = sorted((base.duration_ns, new.duration_ns))
    if lengths[1] > _LIKE_LENGTH * lengths[0]:
        both = f"{units.seconds(base.duration_ns)} and {units.seconds(new.duration_ns)}"
        sentences.append(f"The runs are of unlike length ({both}): maxima and counts grow with it.")
    machines = [{name: run.host.get(name) for name in ("cores", "machine", "system", "cpus")} for run in (base, new)]
    if machines[0] != machines[1]:
        sentences.append("The load came from unlike machines: latencies may differ for that alone.")
    loads = [_load(run) for run in (base, new)]
    if loads[0] is not None and loads[1] is not None and abs(loads[1] - loads[0]) > _LIKE_LOAD:
        sentences.append(
            f"The machine was not equally busy when the runs began: load {loads[0]:.1f} and {loads[1]:.1f}."
        )
    if base.versions != new.versions:
        names = sorted(n for n in {*base.versions, *new.versions} if base.versions.get(n) != new.versions.get(n))
        sentences.append(f"The load generators had unlike versions of {', '.join(names)}.")
    for label, run in (("base", base), ("new", new)):
        if run.ended.missing:
            sentences.append(f"Part of the record of the {label} run is missing: {' '.join(run.ended.missing)}")
        elif run.ended.recovered:
            sentences.append(f"The {label} run is not complete: {run.ended.reason}.")
    return tuple(sentences)


def _load(run: Run) -> float | None:
    """The load average of the last minute before the run."""
    averages = run.host.get("load_average")
    first = averages[0] if isinstance(averages, list) and averages else None
    return float(first) if isinstance(first, int | float) else None


def text_of(value: Any) -> str:
    """A recorded setting, for a sentence."""
    if value is None:
        return "not recorded"
    return f"{value:g}" if isinstance(value, float) else str(value)
