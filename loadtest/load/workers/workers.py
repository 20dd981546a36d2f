"""The master's view of its workers: whose clock is its own, who does not take part, and who hangs.

Once a second the master sends each worker a reading of its clock, which the worker answers with its own; four times
where the clock is another one. So both hear of each other, and the clocks are compared from before the first read to
the last. What the exchanges prove is worked out when the run is sealed (:mod:`loadtest.run.clocks.clock_bounds`).
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import gevent
from locust.exception import RPCError

from loadtest.load.workers.clock_readings import CLOCK_MESSAGE, READING_MESSAGE, Exchanges, Reading
from loadtest.run.clocks.clock_exchange import ACCEPTED_AT_START_NS, TIGHT_NS, OffsetBound, together, why_not_one_clock
from loadtest.run.clocks.clocks import clock_name
from loadtest.run.clocks.exchange_files import exchange_file
from loadtest.run.spool.presence import WORKER

logger = logging.getLogger(__name__)

REFUSAL_MESSAGE: Final = "read-model-refusal"
OTHER_VERSION: Final = "it is of another version than the master: install the same one everywhere"
LOCAL: Final = "local"
"""Locust's name for the only process of a run without workers."""
EXCHANGE_INTERVAL_S: Final = 1.0
EXCHANGE_INTERVAL_OF_OTHER_CLOCKS_S: Final = 0.25
_PATIENCE_AT_START_S: Final = 5.0
_BETWEEN_AT_START_S: Final = 0.02
_FEW: Final = 5
_LAST: Final = 10


class Workers:
    """The workers that share the reads of a run. One object serves all runs of a process, one after the other."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._bounds: dict[str, deque[OffsetBound]] = {}
        self._start: dict[str, OffsetBound | None] = {}
        self._jumped: dict[str, str] = {}
        self._asked_ns: dict[str, int] = {}
        self._refused: dict[str, str] = {}
        self._other: dict[str, bool] = {}
        self._exchanges: dict[str, Exchanges] = {}
        self._greenlet: gevent.Greenlet | None = None
        self.shares: dict[str, int] = {}
        """Which share of the reads each worker makes, from 0; empty in a run without workers."""
        runner.register_message(READING_MESSAGE, self._on_reading)

    def share_out(self) -> None:
        """Share the reads among the workers that are there now, and forget what was known of an earlier run.

        Locust's own numbers would not do: they have gaps where workers went away.
        """
        self.stop()
        clients = getattr(self._runner, "clients", None)
        there = () if clients is None else (*clients.ready, *clients.spawning, *clients.running)
        self.shares = {client.id: share for share, client in enumerate(there)}
        self._refused = {}
        if self.shares:
            self._compare_clocks(self.shares)

    def keep_exchanges(self, run_dir: Path) -> None:
        """Write every exchange with the workers to files, first those from before the run."""
        for client, share in self.shares.items():
            self._exchanges[client].keep(exchange_file(run_dir, share))

    def offset_ns(self, client: str) -> int:
        """About how far ahead a worker's clock is. Used only for when a read is due, which needs no proof."""
        bound = self._start.get(client)
        return (bound.low_ns + bound.high_ns) // 2 if bound is not None and self._other.get(client) else 0

    def promised(self) -> list[dict[str, Any]]:
        """The processes that are to record the reads, for ``run.json``."""
        if not self.shares:
            return [{"role": WORKER, "share": 0, "shares": 0, "refused": self._refused.get(LOCAL, "")}]
        return [
            {
                "role": WORKER,
                "share": share,
                "shares": len(self.shares),
                "client": client,
                "refused": self._refused.get(client, ""),
                "clock": self._clock(client),
                "place": self._exchanges[client].place,
            }
            for client, share in self.shares.items()
        ]

    @property
    def accepted(self) -> list[str]:
        return [client for client in self.shares if client not in self._refused]

    def refusals(self) -> list[str]:
        """A sentence for each worker that does not take part."""
        return [self.refusal(client) for client in self.shares if client in self._refused]

    def refusal(self, client: str) -> str:
        return (
            f"Worker {self.shares[client] + 1} of {len(self.shares)} ({client}) does not take part: "
            f"{self._refused[client]}."
        )

    def _compare_clocks(self, clients: Iterable[str]) -> None:
        """Find out, before the first read, which workers have this process's clock. That takes up to seconds."""
        self._bounds = {client: deque(maxlen=_LAST) for client in clients}
        self._start, self._jumped, self._asked_ns = {}, {}, {}
        self._exchanges = {client: Exchanges() for client in self._bounds}
        open_clients = set(self._bounds)
        deadline = time.monotonic() + _PATIENCE_AT_START_S
        while open_clients and time.monotonic() < deadline:
            self._ask(open_clients)
            gevent.sleep(_BETWEEN_AT_START_S)
            open_clients = {client for client in open_clients if not self._known_well_enough(client)}
        for client, bounds in self._bounds.items():
            self._start[client] = bound = together(bounds)
            why = why_not_one_clock(bound, ACCEPTED_AT_START_NS)
            self._other[client] = bool(why) or not self._has_the_masters_name(client)
            if bound is None or bound.width_ns < 0:
                self._refused[client] = why
        self._greenlet = gevent.spawn(self._keep_asking)

    def _known_well_enough(self, client: str) -> bool:
        """Whether there were enough exchanges: a tight bound for what may be this clock, a few for another clock."""
        bound = together(self._bounds[client])
        if bound is None:
            return False
        return bound.width_ns <= TIGHT_NS or (
            not self._has_the_masters_name(client) and len(self._bounds[client]) >= _FEW
        )

    def _has_the_masters_name(self, client: str) -> bool:
        """Whether a worker's clock has the same name as this process's. Clocks without a name may be any two."""
        own = clock_name()
        return bool(own) and self._exchanges[client].clock == own

    def refuse(self, client: str, why: str) -> None:
        """Note that a worker cannot take part; it has said so itself."""
        if client in self.shares or not self.shares:
            self._refused[client] = why

    def _clock(self, client: str) -> dict[str, Any]:
        """What is known of a worker's clock, for ``run.json``: bounds of its offset, in nanoseconds."""
        start, end = self._start.get(client), together(self._bounds.get(client, ()))
        return {
            "start": _plain(start),
            "end": _plain(end),
            "asked_ns": self._asked_ns.get(client),
            "accepted_ns": ACCEPTED_AT_START_NS,
            "jumped": self._jumped.get(client, ""),
            "one": not self._other.get(client, False),
        }

    def stop(self) -> None:
        """Stop comparing clocks. Stopping twice is fine."""
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None
        for exchanges in self._exchanges.values():
            exchanges.close()

    def _keep_asking(self) -> None:
        turns = round(EXCHANGE_INTERVAL_S / EXCHANGE_INTERVAL_OF_OTHER_CLOCKS_S)
        for turn in itertools.count(1):
            gevent.sleep(EXCHANGE_INTERVAL_OF_OTHER_CLOCKS_S)
            self._ask(client for client in self._bounds if self._other.get(client) or turn % turns == 0)

    def _ask(self, clients: Iterable[str]) -> None:
        for client in list(clients):
            with contextlib.suppress(RPCError):  # one that has gone
                reading = {"sent_ns": time.monotonic_ns(), "process": os.getpid()}
                self._runner.send_message(CLOCK_MESSAGE, reading, client)

    def _on_reading(self, msg: Any, **_kwargs: Any) -> None:
        now, client = time.monotonic_ns(), msg.node_id
        reading = Reading.of(msg.data, now)
        if client not in self._bounds or reading is None:
            return
        bound = OffsetBound.of_exchange(reading.sent_ns, reading.read_ns, now)
        self._exchanges[client].add(reading.sent_ns, reading.read_ns, now, reading.clock, reading.place)
        self._bounds[client].append(bound)
        self._asked_ns[client] = now
        start = self._start.get(client)
        if start is not None and not self._other.get(client) and not self._jumped.get(client):
            both = start.and_also(bound)
            if both.width_ns < 0 or not bound.holds_zero:
                self._jumped[client] = why_not_one_clock(both, ACCEPTED_AT_START_NS)


def why_refused(error: Exception) -> str:
    """Why a process cannot record, as the end of a sentence."""
    if isinstance(error, TypeError):  # a plan with other fields
        return OTHER_VERSION
    if isinstance(error, OSError):
        return f"{error.filename} cannot be written ({error.strerror})"
    return str(error)


def _plain(bound: OffsetBound | None) -> list[int] | None:
    return None if bound is None else [bound.low_ns, bound.high_ns]
