"""The run directory: where it is, what is noted in its ``run.json``, and that no run is ever overwritten."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from loadtest.errors import UsageError
from loadtest.run.addresses import format_of
from loadtest.run.documents.kind import Description
from loadtest.run.files import LATEST_NAME, RUN_FILE, RUNS_FOLDER, SPOOL_FOLDER
from loadtest.run.machine import package_versions, this_machine
from loadtest.run.plan import Plan
from loadtest.run.records import FORMAT_VERSION, outcome_names
from loadtest.run.run_file import write_run
from loadtest.run.settings import Settings
from loadtest.run.source import NO_SOURCE, Source
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE
from stacks.user_input import is_folder, shown

logger = logging.getLogger(__name__)

_LEFT_OUT: Final = (
    "run_dir",
    "outputs",
    "outputs_needed",
    "stack",
    "host",
    "bucket",
    "object_key",
    "s3_endpoint_url",
    "samples_path",
    "label",
    "publish_command",
    "addresses",
    "object_keys",
    "document_objects",
    "until_decided",
    "document",
    "stamp",
    "documents",
    "headers",
    "cert",
    "key",
)
"""Settings that are better covered by ``target`` or another entry, that only name local files, or are secret."""


class RunDirectory:
    """One run's directory, made by this process."""

    def __init__(self, path: Path, run: str, source: Source = NO_SOURCE) -> None:
        self.path = path
        self.run = run
        self._source = source
        self._started = datetime.now(UTC)
        self._ended_ns: int | None = None
        self._writer: list[dict[str, Any]] = []

    @classmethod
    def create(cls, wanted: Path | None, source: Source = NO_SOURCE) -> RunDirectory:
        """Make the directory: ``wanted``, or ``runs/<UTC time>``; ``source`` is what is measured.

        Raises:
            UsageError: it exists already, or cannot be made.
        """
        path = wanted or free_path(RUNS_FOLDER / datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ"))
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            raise UsageError(
                f"--run-dir is {shown(str(path))}, which exists already: no run is ever overwritten; give another name."
            ) from None
        except OSError as error:
            raise UsageError(
                f"The run directory {shown(str(path))} cannot be made: {error.strerror}; fix --run-dir."
            ) from None
        return cls(path, secrets.token_hex(6), source)

    def describe(
        self, settings: Settings, target: dict[str, Any], plan: Plan, users: int, manifest: dict[str, Any] | None = None
    ) -> None:
        """Write ``run.json``: everything that the analysis needs besides the records, and no secret.

        ``manifest`` has who is to record, so that a process that does not is missed.
        """
        chosen = {name: value for name, value in dataclasses.asdict(settings).items() if name not in _LEFT_OUT}
        write_run(
            self.path,
            {
                "format": format_of(target, FORMAT_VERSION),
                "run": self.run,
                "started": self._started.isoformat(timespec="seconds").replace("+00:00", "Z"),
                "clock": {"name": "CLOCK_MONOTONIC", "boot_id": plan.boot_id, "started_ns": plan.start_ns},
                "source": dataclasses.asdict(self._source),
                "settings": {**chosen, **_own_documents(plan.documents), "users": users, "workers": plan.workers},
                "documents": plan.documents,
                "target": target,
                "host": this_machine(),
                "versions": package_versions(),
                "outcomes": outcome_names(),
                "spooled_fields": len(SPOOLED_READ_DTYPE.names or ()),
                "plan": {
                    "start_ns": plan.start_ns,
                    "window_ns": plan.window_ns,
                    "guard_ns": plan.windows().guard_ns,
                    "rest_windows": plan.rest_windows,
                    "rest_pairs": plan.rest_pairs,
                    **({"side": plan.side} if plan.side else {}),
                },
                **({} if manifest is None else {"manifest": manifest}),
            },
        )

    def end(self, at_ns: int, reason: str = "stopped") -> None:
        """Note when the readers were told to stop, and why. Only the first call counts.

        If that cannot be written the run still ends in order, and is sealed like one that was killed.
        """
        was_noted = self._ended_ns is not None
        self._ended_ns = self._ended_ns or at_ns
        try:
            content = json.loads((self.path / RUN_FILE).read_text(encoding="utf-8"))
            if "ended" not in content:
                ended = {"at_ns": self._ended_ns, "recovered": False, "reason": reason}
                writer = {"writer": self._writer} if self._writer else {}
                write_run(self.path, {**content, **writer, "ended": ended})
        except OSError as error:
            if not was_noted:
                logger.error(
                    "The end of the run cannot be noted in %s: %s; make room there, or the run is judged as if it had "
                    "been killed.",
                    self.path / RUN_FILE,
                    error.strerror,
                )

    def note_writer(self, at_ns: int, trouble: str) -> None:
        """Note a trouble of the writer while the run goes on; on a full disk, at the end of the run."""
        self._writer.append({"at_ns": at_ns, "trouble": trouble})
        with contextlib.suppress(OSError, ValueError):
            content = json.loads((self.path / RUN_FILE).read_text(encoding="utf-8"))
            write_run(self.path, {**content, "writer": self._writer})

    def note(self, **changes: Any) -> bool:
        """Change entries of ``run.json``, and return whether they are written.

        If they cannot be written the run goes on, and is judged without them.
        """
        try:
            content = json.loads((self.path / RUN_FILE).read_text(encoding="utf-8"))
            write_run(self.path, {**content, **changes})
        except (OSError, ValueError) as error:
            logger.error("%s cannot be written: %s", self.path / RUN_FILE, error)
            return False
        return True

    def remove(self) -> None:
        """Remove a directory in which nothing was measured."""
        shutil.rmtree(self.path, ignore_errors=True)

    def point_latest_here(self) -> None:
        """Make ``latest``, beside the run, point to it."""
        link = self.path.parent / LATEST_NAME
        if link.exists() and not link.is_symlink():
            return
        new = link.with_name(f".{LATEST_NAME}-{os.getpid()}")
        try:
            new.symlink_to(self.path.name)
            new.replace(link)
        except OSError as error:
            logger.warning("%s cannot be made: %s; the run is in %s nevertheless.", link, error.strerror, self.path)


def forget_latest(wanted: str | Path | None, start: Path = Path()) -> None:
    """Remove ``latest`` from the folder of the next run. It is set again when that run has its report.

    Otherwise ``latest`` would still name an older run, with another verdict, after a run that stopped early. ``wanted``
    is the run directory that was asked for, if any. The older run itself stays.
    """
    folder = start / (Path(wanted).parent if wanted else RUNS_FOLDER)
    link = folder / LATEST_NAME
    try:
        if link.is_symlink():
            link.unlink()
    except (OSError, ValueError):  # there is no such folder, or the name is impossible, so there is no link either
        return


@contextmanager
def alone_in(run_dir: Path) -> Iterator[None]:
    """Hold the lock of this directory, and wait for a process that has it. Without file locks nobody is waited for."""
    descriptor = os.open(run_dir, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sees_run(run_dir: Path, run: str) -> bool:
    """Whether this process sees the directory of this run, and can record into it."""
    try:
        name = json.loads((run_dir / RUN_FILE).read_text(encoding="utf-8"))["run"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(name == run) and os.access(run_dir / SPOOL_FOLDER, os.W_OK | os.X_OK)


def must_be_folder(run_dir: Path) -> None:
    """Raises UsageError for what is no folder, so no run's directory."""
    if not is_folder(run_dir):
        raise UsageError(f"{shown(str(run_dir))} is not a directory: give a run's directory, for example runs/latest.")


def unusable(run_dir: Path, error: OSError) -> UsageError:
    """The error when the system does not let a run's files be read or written."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return UsageError(
        f"{error.filename or run_dir} cannot be read or written: {reason}; make room there, or make the run directory "
        "your own (a container may have left it to root), and report again."
    )


def free_path(path: Path) -> Path:
    """``path``, with a number after it when two runs start within one second."""
    candidates = [path, *(path.with_name(f"{path.name}-{number}") for number in range(2, 100))]
    return next(candidate for candidate in candidates if not candidate.exists())


def _own_documents(description: Description) -> dict[str, Any]:
    """The entry about the user's own documents, for the report; nothing where documents are made up."""
    if "cuts_seen" not in description:
        return {}
    sizes = sorted({description["smallest"], description["largest"]})
    size = " to ".join(f"{size:,}" for size in sizes)
    how = f"stamped at {', '.join(description['stamps'])}" if "stamps" in description else "as they are"
    return {"documents": f"{description['count']:,} of your own, {size} bytes, {how}"}
