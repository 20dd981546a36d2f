"""Faults of age: reads that see the object as it was."""

from __future__ import annotations

from loadtest.sandbox.faults.base import Fault
from loadtest.sandbox.faults.values import FaultValueError, duration, positive_duration
from loadtest.units import SECOND
from stacks.user_input import shown


class ReplicaLag(Fault):
    """All reads see the past."""

    name = "replica-lag"
    form = "DURATION"
    help = "every read sees the object as it was DURATION ago (an object first published since then is missing)"

    def take(self, value: str) -> None:
        self.largest_lag_ns = round(duration(value) * SECOND)

    def lag_ns(self) -> int:
        return self.largest_lag_ns


class Replicas(Fault):
    """Several replicas, each with a lag of its own: a reader can go back in time."""

    name = "replicas"
    form = "DURATION,DURATION[,…]"
    help = (
        "one lag for each replica (0ms,100ms,500ms = three of them); each read goes to one of them at random, and "
        "replica-lag is added to all"
    )

    def take(self, value: str) -> None:
        self._lags_ns = [round(duration(part) * SECOND) for part in value.split(",")]
        if len(self._lags_ns) < 2:
            raise FaultValueError(f"{shown(value)} is one replica; give at least two lags, like 0ms,300ms")
        self.largest_lag_ns = max(self._lags_ns)

    def lag_ns(self) -> int:
        return self.random.choice(self._lags_ns)


class CdnInFront(Fault):
    """The CDN in front of the gateway keeps what it got."""

    name = "cdn"
    form = "ttlDURATION"
    help = (
        "at addresses with /_cdn in their path (/_cdn/v1/samples) a CDN in front of the gateway keeps documents for "
        "DURATION, as in cdn=ttl2000ms, and answers conditions from its copy; the gateway's own address stays as it is"
    )

    def take(self, value: str) -> None:
        kind, ttl, length = value.strip().partition("ttl")
        if kind or not ttl:
            raise FaultValueError(f"{shown(value)} does not say for how long; write it like ttl2000ms or ttl5s")
        self.cdn_ttl = positive_duration(length)


class CacheTtl(Fault):
    """The stage cache of API Gateway is on."""

    name = "cache-ttl"
    form = "DURATION"
    help = (
        "the stage's cache keeps answers to GET for DURATION, keyed by the path and the integration's cache key "
        "parameters; instead of what the stack says of caching"
    )

    def take(self, value: str) -> None:
        self.cache_ttl = positive_duration(value)
