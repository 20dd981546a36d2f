"""Faults of writes: acknowledgements that get lost, PUTs that take effect late, and somebody else who writes."""

from __future__ import annotations

from loadtest.sandbox.faults.base import Fault, PutPlan, ShareFault
from loadtest.sandbox.faults.values import positive_duration, share


class LostAck(ShareFault):
    """A PUT takes effect, and its acknowledgement is lost."""

    name = "lost-ack"
    help = "share of PUTs of the object that take effect and whose answer is lost: the connection is reset instead"

    def writing(self, plan: PutPlan) -> None:
        plan.answer_is_lost |= self.drawn()


class LateWrite(Fault):
    """A PUT fails for its client, and takes effect later."""

    name = "late-write"
    form = "DURATION[,RATE]"
    help = (
        "share of PUTs of the object (all, if no RATE is given) whose connection is reset at once and which take "
        "effect DURATION later, over whatever was put meanwhile, unless their If-Match no longer holds"
    )

    def take(self, value: str) -> None:
        duration_text, comma, share_text = value.partition(",")
        self._delay = positive_duration(duration_text)
        self._share = share(share_text) if comma else 1.0

    def writing(self, plan: PutPlan) -> None:
        if self.random.random() < self._share:
            plan.effect_delay = self._delay


class LostUpdate(ShareFault):
    """A PUT is acknowledged, and readers never see it."""

    name = "lost-update"
    help = (
        "share of PUTs of the object that are acknowledged and that readers never see: they go on getting the version "
        "before, until the next PUT"
    )

    def writing(self, plan: PutPlan) -> None:
        plan.is_lost |= self.drawn()


class ForeignWriter(Fault):
    """Somebody else writes to the object."""

    name = "foreign-writer"
    form = "PERIOD"
    help = "once every PERIOD somebody else puts a well-formed document of another run, of the same size"

    def take(self, value: str) -> None:
        self.foreign_writes_every = positive_duration(value)
