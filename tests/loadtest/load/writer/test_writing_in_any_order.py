"""Nothing of somebody else is replaced before it is kept, in whatever order things happen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_objects import RUN
from writing_beside_others import ACKED, REFUSED, SIZE, UNKNOWN

from loadtest.load.writer.conditional_puts import Replacing, recognised
from loadtest.run.documents.made_up import render
from loadtest.run.documents.made_up_verifier import MADE_UP, MadeUp
from loadtest.run.etags.etag_digests import md5_of
from loadtest.run.records import OTHERS_WROTE
from loadtest.target.store_interface import CHANGED_MEANWHILE, Attempt, ObjectLook


class Shelf:
    """One object as S3 keeps it, in memory. ``lost``, ``never``, ``late`` and ``twice`` may become of the next PUT."""

    def __init__(self) -> None:
        self.body: bytes | None = b'{"before": 1}'
        self.etag = md5_of(self.body)
        self.kept: list[bytes] = []
        self.fate = ""
        self.late: list[tuple[bytes, dict[str, Any]]] = []
        self.shows = self.can_keep = True
        self.sent = 0

    def hold(self, body: bytes | None) -> None:
        self.body, self.etag = body, md5_of(body or b"")

    def keep(self, look: ObjectLook) -> None:
        if not self.can_keep:
            raise OSError(28, "No space left on device")
        self.kept.append(look.body)

    def look(self) -> ObjectLook:
        if not self.shows:
            return ObjectLook("failed", "SlowDown (HTTP 503)")
        return ObjectLook("nothing") if self.body is None else ObjectLook("document", "", self.body, self.etag)

    def put(self, body: bytes, **condition: Any) -> Attempt:
        fate, self.fate = self.fate, ""
        self.sent += 1
        if fate in ("never", "late"):
            self.late += [(body, condition)] if fate == "late" else []
            return Attempt(UNKNOWN, "", "ReadTimeoutError", "", self.sent)
        error = self.take(body, condition)
        if fate == "twice":
            error = self.take(body, condition)
        if error:
            return Attempt(REFUSED, "", error, "", self.sent)
        if fate == "lost":
            return Attempt(UNKNOWN, "", "ReadTimeoutError", "", self.sent)
        return Attempt(ACKED, self.etag, "", "", self.sent)

    def take(self, body: bytes, condition: dict[str, Any]) -> str:
        """Replace the object; the error of one that is refused."""
        if "IfNoneMatch" in condition and self.body is not None:
            return f"{CHANGED_MEANWHILE} (HTTP 412)"
        if "IfMatch" in condition and self.body is None:
            return "NoSuchKey (HTTP 404)"
        if "IfMatch" in condition and condition["IfMatch"] != self.etag:
            return f"{CHANGED_MEANWHILE} (HTTP 412)"
        if self.body is not None and b"theirs" in self.body:
            assert self.body in self.kept, "somebody's document was replaced and not kept"
        self.hold(body)
        return ""


FATES = ("put", "put", "put", "lost", "never", "late", "twice")
EVENTS = (*FATES, "lands", "theirs", "deleted", "hidden", "shown", "full", "room")


@given(st.lists(st.sampled_from(EVENTS), max_size=40))
def test_nothing_of_somebody_else_is_replaced_before_it_is_kept_whatever_happens(events: list[str]) -> None:
    """And nobody is accused who did nothing: a PUT that meets the run's own document is acknowledged."""
    shelf = Shelf()
    store: Any = shelf
    own = Replacing(store, shelf.look(), recognised(MadeUp(RUN, SIZE), MADE_UP), shelf.keep)
    assert own.put_first(0, render(RUN, 0, SIZE), {"IfMatch": shelf.etag}).outcome is ACKED
    others, newest = False, b""
    for version, event in enumerate(events, 1):
        if event in ("theirs", "deleted"):
            others, newest = True, b'{"theirs": %d}' % version if event == "theirs" else b""
            shelf.hold(newest or None)
        elif event in ("hidden", "shown"):
            shelf.shows = event == "shown"
        elif event in ("full", "room"):
            shelf.can_keep = event == "room"
        elif event == "lands":
            for body, condition in shelf.late:
                shelf.take(body, condition)
            shelf.late.clear()
        else:
            shelf.fate, ours, before = event, render(RUN, version, SIZE), shelf.body
            attempt = own.put(version, ours)
            if attempt.outcome is not UNKNOWN:
                assert (shelf.body == ours) == (attempt.outcome is ACKED)
            elif shelf.shows:
                assert event in ("lost", "never", "late")
            if attempt.outcome is REFUSED:
                assert shelf.body == before
                assert attempt.error.startswith(OTHERS_WROTE) == others
            if event in ("put", "twice") and not others and shelf.shows:
                assert attempt.outcome is ACKED
            if attempt.outcome is ACKED or (attempt.outcome is REFUSED and shelf.can_keep):
                others = False
    assert all(b"theirs" in body for body in shelf.kept)
    if newest and shelf.body is not None and RUN.encode() in shelf.body:
        assert shelf.kept[-1] == newest


def test_one_that_may_be_the_runs_own_is_not_called_somebody_elses_unseen() -> None:
    shelf = Shelf()
    store: Any = shelf
    own = Replacing(store, shelf.look(), recognised(MadeUp(RUN, SIZE), MADE_UP), shelf.keep)
    own.put_first(0, render(RUN, 0, SIZE), {"IfMatch": shelf.etag})
    shelf.fate, shelf.shows = "lost", False
    assert own.put(1, render(RUN, 1, SIZE)).outcome is UNKNOWN
    refused = own.put(2, render(RUN, 2, SIZE))
    assert refused.outcome is UNKNOWN
    assert refused.error.startswith(f"{CHANGED_MEANWHILE}: a PUT of this run that was not answered may have ")
    shelf.shows = True
    assert own.put(3, render(RUN, 3, SIZE)).outcome is ACKED


@pytest.mark.parametrize("before", [b'{"before": 1}', None])
def test_a_put_that_a_proxy_sends_twice_is_taken(before: bytes | None) -> None:
    """The second one meets the first, and its 412 is what comes back."""
    shelf = Shelf()
    shelf.hold(before)
    store: Any = shelf
    own = Replacing(store, shelf.look(), recognised(MadeUp(RUN, SIZE), MADE_UP), shelf.keep)
    for version in range(3):
        body, shelf.fate = render(RUN, version, SIZE), "twice"
        condition = {"IfMatch": shelf.etag} if before else {"IfNoneMatch": "*"}
        attempt = own.put(version, body) if version else own.put_first(version, body, condition)
        assert (attempt.outcome, attempt.etag) == (ACKED, md5_of(body))
        assert (shelf.body, shelf.kept) == (body, [])
        assert attempt.called_ns == shelf.sent == version + 1  # from the first time on it may have been read
