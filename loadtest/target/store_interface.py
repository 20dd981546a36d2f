"""The interface that every kind of store has, and what it answers; :mod:`loadtest.target.store_kinds` chooses the kind.

A store never retries: each attempt is one request, so that all of them are seen. An outcome that nobody knows is
``UNKNOWN`` and never ``REFUSED``, because the checks rest on that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Final, Self

from loadtest.run.records import WriteOutcome
from loadtest.target.head_object import Head
from loadtest.target.put_errors import Failure

CHANGED_MEANWHILE: Final = "PreconditionFailed"


class StoreError(Exception):
    """No client of the store can be made. The text begins with the name of the error, like that of a PUT."""


@dataclass(frozen=True)
class Attempt:
    """The result of one PUT. ``called_ns``: no byte of it left before this; None when none left at all."""

    outcome: WriteOutcome
    etag: str
    error: str
    request_id: str
    called_ns: int | None


@dataclass(frozen=True)
class ObjectLook:
    """The object as the store shows it. ``found``: document, nothing, denied, too-large or failed."""

    found: str
    error: str = ""
    body: bytes = b""
    etag: str = ""
    put: dict[str, Any] | None = None
    """Arguments of PutObject that put it back as it was."""
    not_kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """The answer to one call, as it came; with ``status`` 0 none came, and ``error`` says why."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    error: str = ""


class Store(ABC):
    """One object of one bucket."""

    @property
    @abstractmethod
    def endpoint(self) -> str:
        """The address that is really talked to."""

    @abstractmethod
    def beside(self, object_key: str) -> Self:
        """Another object of the same bucket, by the same client: one request at a time for both."""

    @abstractmethod
    def check_credentials(self) -> Failure | None:
        """Fetch or renew the credentials. None when that worked."""

    @abstractmethod
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown, as far as it is known already; nothing is fetched for it."""

    @abstractmethod
    def put(self, body: bytes, **arguments: Any) -> Attempt:
        """One PUT, with the arguments of PutObject; ``IfMatch`` and ``IfNoneMatch`` are conditions."""

    @abstractmethod
    def look(self) -> ObjectLook:
        """The whole object as it is now, with the arguments that put it back."""

    @abstractmethod
    def head(self) -> Head:
        """The object as it is now, without its bytes."""

    @abstractmethod
    def delete(self, etag: str = "") -> str:
        """Delete the object, if it has this ETag, where the store knows that condition. Returns "" or the error."""

    def call(self, operation: str, **arguments: Any) -> Reply:
        """The answer to one call by its name in boto3, such as ``put_object``; only ``probe --write`` needs it."""
        return Reply(0, error=f"this kind of store has no {operation}")
