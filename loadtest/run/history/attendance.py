"""Who should have recorded, until when each process was heard from, and which part of the record is missing.

Absence is judged against what the run promised from its start, not against the files that happen to be there. Otherwise
a process that left nothing at all, which is the worst case, would go unnoticed. ::

    run        start ├─────────────────────────────────────────┤ end (told by the master, planned, or the last heard)
    worker 1         ├─────────────────────────────────────────┤ closed: it recorded all
    worker 2         ├──────────── ✕                              heard until here: the rest is missing
    worker 3                                                      never began

The end is the one that the master noted. If the master was killed, it is the planned end; if none was planned, the last
moment at which anybody was heard from. Up to a second before the end is no finding: a writer says twice a second
that it is there, and a busy machine is late with that.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from loadtest import units
from loadtest.run.history.run_entries import Entry, Time

TOLERATED_NS: Final = 1_000_000_000
"""Half a second between two heartbeats of a writer, and as much again for a machine that was late with one."""

TOLERATED_WITHOUT_MASTER_NS: Final = 6_000_000_000
"""Processes whose master was killed close one by one, within five seconds."""


class Attendant(Entry):
    """One process that the run promised a record of."""

    role: Literal["worker", "writer"]
    share: Annotated[int, Field(ge=0)] = 0  # which share of the reads, from 0
    shares: Annotated[int, Field(ge=0)] = 0  # 0: the readers are in the one process that there is
    refused: str = ""  # why it did not take part
    began: bool = False
    until_ns: Time | None = None  # everything that it recorded up to here is there
    closed: bool = False  # it noted that it had recorded everything
    unwritten: bool = False  # it noted that it could not write everything
    damage: str = ""  # what is wrong with its files
    went_back_ns: Annotated[int, Field(ge=0)] = 0  # by how much its clock did so at once, at least
    clock: str = ""  # why its clock is not the master's after all
    place: str = ""  # where it reads from, as given with --place

    @property
    def name(self) -> str:
        """The process, for a sentence."""
        if self.role == "writer":
            return "the writer"
        return f"worker {self.share + 1} of {self.shares}" if self.shares else "the reading process"


class Attendance(Entry):
    """All processes, and what the run promised of them."""

    processes: list[Attendant]
    planned_end_ns: Time | None = None
    readers: Annotated[int, Field(ge=0)] | None = None  # how many were to read
    began: Annotated[int, Field(ge=0)] | None = None  # … and did


def missing(attendance: Attendance, start_ns: int, noted_end_ns: int | None) -> tuple[str, ...]:
    """One sentence for each process whose record is not whole; empty when nothing is missing.

    Args:
        attendance: who was there.
        start_ns: when the run began, time 0 of the sentences.
        noted_end_ns: the end of the run as the master noted it; None when it noted none.
    """
    end_ns = _end(attendance, start_ns, noted_end_ns)
    killed = noted_end_ns is None
    closes_alone = killed and attendance.planned_end_ns is None
    tolerated = {
        True: TOLERATED_WITHOUT_MASTER_NS if closes_alone else TOLERATED_NS,  # for processes that closed
        False: TOLERATED_NS if killed else None,  # … and that did not
    }
    each = (_missing(process, start_ns, end_ns, tolerated[process.closed]) for process in attendance.processes)
    sentences = [sentence for sentence in each if sentence]
    if killed and not closes_alone and _all_end_together(attendance, sentences):
        last_ns = max(process.until_ns or start_ns for process in attendance.processes)
        return (
            f"The run was cut short: the last that was heard of it came {_at(last_ns, start_ns)}, and it was to last "
            f"until {units.seconds(end_ns - start_ns)}; {units.seconds(end_ns - last_ns)} are missing.",
        )
    readers, began = attendance.readers, attendance.began
    if not sentences and readers is not None and began is not None and began < readers:
        sentences.append(f"{began:,} of the {units.counted(readers, 'reader')} began to read; the others never did.")
    return tuple(sentences)


def _end(attendance: Attendance, start_ns: int, noted_end_ns: int | None) -> int:
    if noted_end_ns is not None:
        return noted_end_ns
    if attendance.planned_end_ns is not None:
        return attendance.planned_end_ns
    return max((process.until_ns for process in attendance.processes if process.until_ns), default=start_ns)


def _all_end_together(attendance: Attendance, sentences: list[str]) -> bool:
    """Whether all records end at one moment, which takes one sentence and not one for each process."""
    ends = [process.until_ns for process in attendance.processes]
    known = [end for end in ends if end is not None]
    plain = not any(p.refused or p.unwritten or p.damage or p.clock for p in attendance.processes)
    late = len(sentences) == len(ends) == len(known)
    return plain and late and len(known) > 1 and max(known) - min(known) <= TOLERATED_WITHOUT_MASTER_NS


def _missing(process: Attendant, start_ns: int, end_ns: int, tolerated_ns: int | None) -> str:  # noqa: PLR0911
    """What is missing of one process. A gap of ``tolerated_ns`` before the end is nothing; None: it had to close."""
    name = process.name[0].upper() + process.name[1:]
    whole = units.seconds(max(0, end_ns - start_ns))
    until_ns = process.until_ns
    if process.refused:
        return f"{name} did not take part: {process.refused}; its part of the reads is missing, all {whole} of it."
    if not process.began:
        return f"{name} left no record: all {whole} of it are missing."
    if process.damage:
        return f"{name}: {process.damage}; what it recorded is not all there."
    if process.unwritten:
        since = "" if until_ns is None else f", and what it could write ends {_at(until_ns, start_ns)}"
        return f"{name} could not write all that it had recorded{since}."
    if process.clock:
        return f"{name} cannot be compared with the others: {process.clock}."
    if until_ns is None:
        return f"{name} began to record and wrote nothing: all {whole} of it are missing."
    behind = end_ns - until_ns
    if tolerated_ns is not None and behind <= tolerated_ns:
        return ""
    if behind <= 0:
        return f"{name} was last heard from {_at(until_ns, start_ns)} and never said that it had recorded all."
    how = "stopped" if process.closed else "was last heard from"
    return f"{name} {how} {_at(until_ns, start_ns)}, {units.seconds(behind)} before the end: what came then is missing."


def _at(moment_ns: int, start_ns: int) -> str:
    return f"{units.seconds(max(0, moment_ns - start_ns))} after the start"
