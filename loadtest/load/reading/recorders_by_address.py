"""The recording of one process at every address of the run; each has its own recorder, readers and due reads."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from loadtest.load.reading.recorder import Counts, Recorder
from loadtest.run.addresses import next_reader
from loadtest.run.plan import Plan


class RecordersByAddress:
    """The recorders of one process, which share its spool and its health."""

    def __init__(self, plan: Plan, share: int = 0) -> None:
        self._weights = plan.weights
        first = Recorder(plan.at(0), share)
        others = (
            Recorder(plan.at(address), share, address=address, beside=first) for address in range(1, len(self._weights))
        )
        self.of_address = (first, *others)
        self._readers = [0] * len(self.of_address)

    def next(self) -> Recorder:
        """The recorder of one more reader, which keeps to that recorder's address."""
        address = next_reader(self._readers, self._weights) if len(self._readers) > 1 else 0
        self._readers[address] += 1
        return self.of_address[address]

    def acknowledge(self, version: int, returned_ns: int) -> None:
        """As :meth:`Recorder.acknowledge`, for all."""
        for recorder in self.of_address:
            recorder.acknowledge(version, returned_ns)

    def counted(self) -> Counts:
        """The counts of all addresses together."""
        together = reduce(Counts.plus, (recorder.counts for recorder in self.of_address))
        return replace(together, loop_delay_ns=self.of_address[0].counted().loop_delay_ns)

    def stop_sending(self) -> None:
        """As :meth:`Recorder.stop_sending`, for all."""
        for recorder in self.of_address:
            recorder.stop_sending()

    def close(self) -> None:
        """Flush everything and mark this process as done. Closing twice is fine."""
        for recorder in reversed(self.of_address):
            recorder.close()
