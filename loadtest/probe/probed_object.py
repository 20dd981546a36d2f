"""Replaces the object behind the target, and puts the old bytes back whatever happens.

The writer's key may PUT one object and nothing else, so the old bytes are taken from what the target serves. Nothing is
written unless these are certainly the object's own.
"""

from __future__ import annotations

import hashlib
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loadtest import cleaned
from loadtest.errors import UsageError
from loadtest.probe.judging import looks_absent
from loadtest.probe.model import ProbeAnswer
from loadtest.target.as_stored import WHO_MAY_READ
from loadtest.target.finding import Target
from loadtest.target.remedies import what_to_do
from loadtest.target.s3_client import content_md5
from loadtest.target.store_interface import StoreError
from loadtest.target.store_kinds import open_store, orders_for
from loadtest.target.what_to_keep import NOT_SHOWN

VISIBLE_TIME_LIMIT_S: Final = 20
_ATTEMPTS_TO_PUT_BACK: Final = 3
_REPLACEMENT_CHARACTER: Final = "\N{REPLACEMENT CHARACTER}".encode()
"""What API Gateway puts in the place of bytes that are not UTF-8."""
_DEFAULT_TYPE: Final = "application/json"
_DEFAULT_CACHE_CONTROL: Final = "no-cache"


class NotVisibleError(Exception):
    """What was put was not served in time. The text is a few words."""


@dataclass(frozen=True)
class Original:
    """The object as it was."""

    body: bytes
    content_type: str
    cache_control: str


def original_from(plain: ProbeAnswer, url: str) -> Original:
    """The object as the target at ``url`` served it.

    Raises:
        UsageError: it is not certain that these bytes are the object's own.
    """
    tag = plain.etag
    by_digest = tag is not None and hashlib.md5(plain.body, usedforsecurity=False).hexdigest() == tag.opaque
    by_encoding = tag is None and _is_text(plain.body) and _REPLACEMENT_CHARACTER not in plain.body
    if not (by_digest or by_encoding) or plain.header("Content-Encoding"):
        named = cleaned.shown(plain.header("ETag") or "none", url, 100)
        raise UsageError(
            f"--write would not be safe here: the ETag ({named}) is not the MD5 of the bytes that are "
            "served, so they may not be the object's own and could not be put back; probe without --write."
        )
    return Original(
        plain.body,
        plain.header("Content-Type") or _DEFAULT_TYPE,
        plain.header("Cache-Control") or _DEFAULT_CACHE_CONTROL,
    )


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


class ProbedObject:
    """The object in its bucket. ``read`` is a plain read of the target."""

    def __init__(self, target: Target, read: Callable[[], ProbeAnswer], time_limit_s: float) -> None:
        self._target = target
        self._read = read
        self._published: set[bytes] = set()
        self._acknowledged: set[str] = set()
        self._as_it_was: dict[str, Any] = {}
        """Arguments of PutObject with which the old document is put back, as far as the store shows them."""
        try:
            self._store = open_store({**orders_for(target), "time_limit_s": time_limit_s})
        except StoreError as error:
            raise UsageError(f"The store cannot be reached: {error}; {what_to_do(str(error))}.") from None

    @property
    def place(self) -> str:
        return f"s3://{self._target.bucket}/{self._target.object_key}"

    def keep(self, original: Original) -> tuple[str, ...]:
        """Look at how the old document is stored, if the key may; what of it could not be put back.

        Raises:
            UsageError: the store holds another one than the address serves.
        """
        look = self._store.look()
        if look.found != "document":
            return (NOT_SHOWN,)
        if look.body != original.body:
            raise UsageError(
                f"{self.place} holds another document than the address serves, so what is there could not be put back: "
                "check that this address reads that object, wait for caches in between, and probe again."
            )
        self._as_it_was = look.put or {}
        return look.not_kept

    def publish(self, body: bytes, original: Original | None = None) -> ProbeAnswer:
        """Put ``body`` (with the original's headers) and wait until a plain read returns it.

        Raises:
            NotVisibleError: it was put, and does not come out.
        """
        answer = self._put(body, original)
        if answer.status == 200:
            self._published.add(body)
            self._acknowledged.add(answer.header("ETag") or "")
            self._wait_for(lambda read: read.status == 200 and read.body == body, "what was put")
        return answer

    def remove(self) -> ProbeAnswer:
        """Delete the object, and wait until a plain read no longer returns a document of before."""
        answer = self._call("delete_object")
        if answer.status < 300:
            published = self._published
            self._wait_for(lambda read: read.status != 200 or read.body not in published, "that the object is gone")
        return answer

    def put_back(self, original: Original) -> str:
        """Put the old bytes back; a sentence that says how it went.

        Raises:
            UsageError: it did not work; the old bytes are in a file, which the sentence names.
        """
        if self._somebody_else_wrote(original):
            return f"Somebody else has written to {self.place} meanwhile, so that was left as it is."
        answer = ProbeAnswer(0)
        for attempt in range(_ATTEMPTS_TO_PUT_BACK):
            if attempt:
                time.sleep(1)
            answer = self._put(original.body, original)
            if answer.status == 200:
                return self._how_it_comes_out(original)
        file = _kept_in_a_file(original.body)
        raise UsageError(
            f"The old document could not be put back to {self.place} ({answer.status} {answer.body.decode()}): it is "
            f"in {file}; put it back by hand, with Content-Type {original.content_type} and Cache-Control "
            f"{original.cache_control}."
        )

    def leave_empty(self) -> str:
        """Where there was no object, leave none if the key may delete; a sentence that says how it went."""
        answer = self._call("delete_object")
        if answer.status < 300:
            return f"There was no {self.place} before, and it was removed again."
        return f"There was no {self.place} before; the probe's last document stays, since the key may not delete it."

    def _somebody_else_wrote(self, original: Original) -> bool:
        """Whether reads return, steadily, a document that is neither the probe's nor the old one."""
        try:
            served, again = self._read(), self._read()
        except Exception:  # whatever is wrong with reading, the old bytes go back
            return False
        is_ours = served.body in self._published | {original.body, b""} or served.header("ETag") in self._acknowledged
        return served.status == 200 and not is_ours and not looks_absent(served) and served.body == again.body

    def _how_it_comes_out(self, original: Original) -> str:
        try:
            self._wait_for(lambda read: read.body == original.body, "the old document")
        except Exception as error:  # S3 has acknowledged it
            return f"The old document was put back to {self.place}, and S3 acknowledged it, but: {error}."
        return f"The old document was put back to {self.place} and is served again."

    def _wait_for(self, there: Callable[[ProbeAnswer], bool], what: str) -> None:
        until = time.monotonic() + VISIBLE_TIME_LIMIT_S
        pause = 0.05
        while not there(self._read()):
            if time.monotonic() > until:
                raise NotVisibleError(f"{what} does not show in reads within {VISIBLE_TIME_LIMIT_S} s")
            time.sleep(pause)
            pause = min(1.0, pause * 2)

    def _put(self, body: bytes, original: Original | None) -> ProbeAnswer:
        """Those who can read the old document can read what is put in its place."""
        said: dict[str, Any] = {"ContentType": _DEFAULT_TYPE, "CacheControl": _DEFAULT_CACHE_CONTROL}
        said |= {name: self._as_it_was[name] for name in WHO_MAY_READ if name in self._as_it_was}
        if original is not None:
            said = {"ContentType": original.content_type, "CacheControl": original.cache_control} | self._as_it_was
        return self._call("put_object", Body=body, ContentMD5=content_md5(body), **said)

    def _call(self, operation: str, **arguments: Any) -> ProbeAnswer:
        """One call of S3; its refusal or failure becomes an answer too."""
        reply = self._store.call(operation, **arguments)
        return ProbeAnswer(reply.status, reply.headers, body=reply.error.encode())


def _kept_in_a_file(body: bytes) -> Path:
    number, name = tempfile.mkstemp(prefix="read-model-before-the-probe-", suffix=".json")
    with os.fdopen(number, "wb") as file:
        file.write(body)
    return Path(name)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that what has to be put back is put back."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with _handling({signal.SIGTERM: stop}):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """Neither Ctrl-C nor SIGTERM ends the block."""
    with _handling({signal.SIGINT: signal.SIG_IGN, signal.SIGTERM: signal.SIG_IGN}):
        yield


@contextmanager
def _handling(handlers: dict[signal.Signals, Any]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what signals do
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
