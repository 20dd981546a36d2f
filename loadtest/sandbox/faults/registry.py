"""All faults by name, and the set of those that are on (``--fault NAME=VALUE``, ``/_sandbox/faults``)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from loadtest.sandbox.faults import answers, availability, bodies, entity_tags, staleness, timing, validators, writes
from loadtest.sandbox.faults.base import Fault, PutPlan
from loadtest.sandbox.faults.values import FaultValueError
from stacks.user_input import shown

KINDS: Final[tuple[type[Fault], ...]] = (
    timing.Freeze,
    timing.AddedLatency,
    timing.LatencyOf200,
    timing.LatencyOf304,
    timing.AfterWrite,
    timing.WriteBlock,
    staleness.ReplicaLag,
    staleness.Replicas,
    staleness.CacheTtl,
    staleness.CdnInFront,
    entity_tags.OwnEtags,
    entity_tags.FlappingEtag,
    validators.IgnoreIfNoneMatch,
    validators.Stale304,
    validators.Always304,
    validators.EtagSwap,
    validators.NoEtag,
    validators.Bare304,
    validators.OtherEtagOn304,
    bodies.Torn,
    bodies.Truncate,
    bodies.Corrupt,
    answers.Rewrite,
    answers.ErrorPage,
    validators.BodyOn304,
    availability.ErrorRate,
    availability.ThrottleRate,
    availability.ResetRate,
    writes.LostAck,
    writes.LateWrite,
    writes.LostUpdate,
    entity_tags.SharedEtag,
    entity_tags.PutEtag,
    writes.ForeignWriter,
)
"""At each point faults act in this order."""

BY_NAME: Final = {kind.name: kind for kind in KINDS}
OFF: Final = ("", "off", "none")
"""Values that take a fault away."""


class UnknownFaultError(FaultValueError):
    """No fault has this name. The text is one sentence."""


def split_assignment(text: str) -> tuple[str, str]:
    """Name and value of ``NAME=VALUE``.

    Raises:
        FaultValueError: there is no ``=``, or no fault of that name.
    """
    name, equals, value = text.partition("=")
    kind = kind_of(name.strip())
    if not equals:
        raise FaultValueError(f"the fault {shown(text)} has no value; write {kind.name}={kind.form}")
    return kind.name, value.strip()


def kind_of(name: str) -> type[Fault]:
    kind = BY_NAME.get(name)
    if kind is None:
        raise UnknownFaultError(f"there is no fault {shown(name)}; there are {', '.join(sorted(BY_NAME))}")
    return kind


class FaultSet:
    """The faults that are on, sorted by the points at which they act.

    Every fault draws from a stream of its own, made from the seed and its name: turning one on does not change what
    another does.
    """

    def __init__(self, seed: int, on_change: Callable[[], None] = lambda: None) -> None:
        self._seed = seed
        self._active: dict[str, Fault] = {}
        self.on_change = on_change
        self._sort()

    def set(self, name: str, value: str) -> None:
        """Turn a fault on, change it, or take it away (``off``)."""
        self.update({name: value})

    def update(self, wanted: Mapping[str, str]) -> None:
        """Change several faults at once, all of them or none; those that are not named stay as they are.

        Raises:
            FaultValueError: no such fault, or a value that cannot be used.
        """
        changed = dict(self._active)
        for name, value in wanted.items():
            kind = kind_of(name)
            if value.strip().lower() in OFF:
                changed.pop(name, None)
                continue
            random = Random(self._seed ^ zlib.crc32(name.encode()))  # noqa: S311 - nothing secret about a fault
            try:
                changed[name] = kind(value, random)
            except FaultValueError as error:
                raise FaultValueError(f"the value of the fault {name} cannot be used: {error}") from None
        self._active = changed
        self._sort()
        self.on_change()

    def values(self) -> dict[str, str]:
        """The faults that are on, with their values as they were set."""
        return {name: fault.value for name, fault in sorted(self._active.items())}

    def _sort(self) -> None:
        active = [self._active[kind.name] for kind in KINDS if kind.name in self._active]

        def acting_at(point: str) -> list[Fault]:
            return [fault for fault in active if getattr(type(fault), point) is not getattr(Fault, point)]

        self.holding = acting_at("hold")
        self.refusing = acting_at("refusal")
        self.lagging = acting_at("lag_ns")
        self.altering = acting_at("alter")
        self.delivering = acting_at("deliver")
        self.delaying = acting_at("answer_delay")
        self.releasing = acting_at("release")
        self.writing = acting_at("writing")
        self.cache_ttl = next((fault.cache_ttl for fault in active if fault.cache_ttl is not None), None)
        self.cdn_ttl = next((fault.cdn_ttl for fault in active if fault.cdn_ttl is not None), None)
        periods = (fault.foreign_writes_every for fault in active)
        self.foreign_writes_every = next((period for period in periods if period is not None), None)
        self.largest_lag_ns = sum(fault.largest_lag_ns for fault in active)

    def plan_put(self) -> PutPlan:
        plan = PutPlan()
        for fault in self.writing:
            fault.writing(plan)
        return plan
