"""Whether two runs may be compared: what must be alike, and what a reader should know when it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from loadtest import units
from loadtest.summary.summary import Run, Summary

MUST_BE_ALIKE: Final = (
    "documents",
    "payload_bytes",
    "arrival_rate",
    "arrival_process",
    "conditional_share",
    "window",
    "write_interval",
    "users",
    "workers",
)
"""Settings that change what is measured."""
_UNSAID: Final = {"documents": "made up"}
_JUDGING: Final = ("max_staleness", "impact_tolerance")
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


def unlike(base: Run, new: Run) -> tuple[Difference, ...]:
    """The differences that forbid a comparison."""
    differences = [
        Difference(name.replace("_", " "), *(_text(run.settings.get(name, _UNSAID.get(name))) for run in (base, new)))
        for name in MUST_BE_ALIKE
        if base.settings.get(name) != new.settings.get(name)
    ]
    kinds = base.target.get("kind"), new.target.get("kind")
    if kinds[0] != kinds[1]:
        differences.append(Difference("kind of target", _text(kinds[0]), _text(kinds[1])))
    several = [_addresses(run) for run in (base, new)]
    if max(several) > 1:  # what got worse at the one with few of the reads would not be seen
        differences.append(Difference("how many addresses, whose reads are compared all together", *map(str, several)))
    return tuple(differences)


def _addresses(run: Run) -> int:
    said = run.target.get("addresses")
    return len(said) if isinstance(said, list) else 1


def unlike_rests(base: Summary, new: Summary) -> tuple[Difference, ...]:
    """Rests in one of two runs: they forbid a comparison where PUTs leave something behind, for rests end it."""
    rests = [_rests(run) for run in (base, new)]
    seen = any(run.impact.after is not None and run.impact.after.seen for run in (base, new))
    return (Difference("rests", *rests),) if seen and rests[0] != rests[1] else ()


def _rests(summary: Summary) -> str:
    return "some" if any(window.kind == "rest" for window in summary.impact.windows) else "none"


def notes(base: Run, new: Run) -> tuple[str, ...]:
    """What does not forbid a comparison but should be known."""
    differences = []
    if base.id == new.id:
        differences.append("Both are the same run.")
    for name in _JUDGING:
        if base.settings.get(name) != new.settings.get(name):
            values = f"{_text(base.settings.get(name))} and {_text(new.settings.get(name))}"
            differences.append(
                f"The verdicts of checks rest on different settings: {name.replace('_', ' ')} ({values})."
            )
    lengths = sorted((base.duration_ns, new.duration_ns))
    if lengths[1] > _LIKE_LENGTH * lengths[0]:
        both = f"{units.seconds(base.duration_ns)} and {units.seconds(new.duration_ns)}"
        differences.append(f"The runs are of unlike length ({both}): maxima and counts grow with it.")
    machines = [{name: run.host.get(name) for name in ("cores", "machine", "system", "cpus")} for run in (base, new)]
    if machines[0] != machines[1]:
        differences.append("The load came from unlike machines: latencies may differ for that alone.")
    loads = [_load(run) for run in (base, new)]
    if loads[0] is not None and loads[1] is not None and abs(loads[1] - loads[0]) > _LIKE_LOAD:
        differences.append(
            f"The machine was not equally busy when the runs began: load {loads[0]:.1f} and {loads[1]:.1f}."
        )
    if base.versions != new.versions:
        names = sorted(n for n in {*base.versions, *new.versions} if base.versions.get(n) != new.versions.get(n))
        differences.append(f"The load generators had unlike versions of {', '.join(names)}.")
    for label, run in (("base", base), ("new", new)):
        if run.ended.missing:
            differences.append(f"The record of the {label} run is not whole: {' '.join(run.ended.missing)}")
        elif run.ended.recovered:
            differences.append(f"The {label} run is not complete: {run.ended.reason}.")
    return tuple(differences)


def _load(run: Run) -> float | None:
    """The load average of the last minute before the run."""
    loads = run.host.get("load_average")
    first = loads[0] if isinstance(loads, list) and loads else None
    return float(first) if isinstance(first, int | float) else None


def _text(value: Any) -> str:
    if value is None:
        return "not recorded"
    return f"{value:g}" if isinstance(value, float) else str(value)
