"""The watcher: a process of its own that never writes. It sends a few HEADs a second and notes what they show.

Run as ``python -m loadtest.load.writer.watcher``: one JSON line with its orders on standard input, as for the writer.
It begins at once, reports its first HEAD, and goes on until standard input ends. Once it has got the line with the
start, it also marks its presence in the run directory. All it needs is a key that may read the object.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from loadtest.cleaned import hide
from loadtest.load.writer.child import Parent, follow_orders, parent_has_spoken
from loadtest.load.writer.presence import writer_presence
from loadtest.load.writer.proved_by_heads import Watching
from loadtest.load.writer.publish_command import PublishCommand, tell_of
from loadtest.run.journal import Journal
from loadtest.run.schedule import Rests, WindowSchedule, put_times
from loadtest.target.head_object import Head
from loadtest.target.store_interface import Store, StoreError
from loadtest.target.store_kinds import open_store
from loadtest.units import SECOND

JITTER: Final = 0.25
"""HEADs are early or late by up to this share of the interval, so that no regular publisher always falls in between."""


_COMMANDS_KEPT: Final = 20


def main() -> int:
    return follow_orders(_watch)


def _watch(orders: dict[str, Any], parent: Parent) -> int:
    try:
        store = open_store(orders)
    except StoreError as error:
        parent.tell({"looked": "failed", "error": str(error)})
        return 1
    first = store.head()
    parent.tell({**_looked(first), "endpoint": store.endpoint})
    if first.error or first.gone:
        return 1
    journal = Journal(Path(orders["journal"]), parent.tell)
    interval_ns = round(orders["watch_interval"] * SECOND)
    watching = Watching(journal, interval_ns, lambda trouble: parent.tell({"trouble": trouble}))
    watching.see(first)
    command = _command(orders, store)
    with ExitStack() as presence:
        if command is not None:  # the command must not outlive this process, whatever ends it
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
            presence.callback(command.stop)
        due = time.monotonic_ns()
        while True:
            share = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - nothing secret
            due = max(due + round(interval_ns * share), time.monotonic_ns())
            while parent_has_spoken(until_ns=due):
                line = sys.stdin.buffer.readline()
                if not line:
                    if command is not None and command.stop():
                        parent.tell({"trouble": "the publish command still ran when the run was over, and was ended"})
                    _take_in(command, watching, journal, parent)
                    watching.see(store.head())  # the last version is part of the run
                    watching.close(time.monotonic_ns())
                    journal.close()
                    return 0
                if "asked_ns" in (order := json.loads(line)):
                    parent.tell({"read_ns": time.monotonic_ns()})
                elif "start_ns" in order:
                    presence.enter_context(writer_presence(Path(orders["journal"]), orders["run"]))
                    if command is not None:
                        rests = Rests(order["rest_windows"], order["rest_pairs"])
                        windows = WindowSchedule(order["start_ns"], order["window_ns"], order["seed"], rests)
                        command.start(put_times(windows, order["interval_ns"]), orders["skip_when_late_ns"])
            _take_in(command, watching, journal, parent)
            head = store.head()
            _take_in(command, watching, journal, parent)
            watching.see(head)


def _command(orders: dict[str, Any], store: Store) -> PublishCommand | None:
    command = orders.get("publish_command")
    hide(*orders.get("secrets", ()))  # the readers' secrets may well be in the command's environment
    return PublishCommand(command, orders["folder"], store.secrets) if command else None


def _take_in(command: PublishCommand | None, watching: Watching, journal: Journal, parent: Parent) -> None:
    """Note the runs of the publish command that have ended, and which one goes on."""
    if command is None:
        return
    ran = [(began, ended) for began, ended in watching.commands if ended is not None]
    for one in command.finished():
        tell_of(one, journal.note, lambda trouble: parent.tell({"trouble": trouble}))
        ran.append((one.called_ns, one.returned_ns))
    since = command.running_since_ns
    watching.commands = ran[-_COMMANDS_KEPT:] + ([(since, None)] if since is not None else [])


def _looked(head: Head) -> dict[str, Any]:
    return {
        "looked": "nothing" if head.gone else "failed" if head.error else "document",
        "error": head.error,
        "etag": head.etag,
        "bytes": head.size,
    }


if __name__ == "__main__":
    sys.exit(main())
