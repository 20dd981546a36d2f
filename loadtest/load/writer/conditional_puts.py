"""PUTs that replace what the run itself has put there, and nothing else: each names the ETag that has to be there.

S3 refuses a PUT whose ``If-Match`` does not hold (Amazon S3 User Guide, "How to prevent object overwrites with
conditional writes"): with 412 where the ETag is another one, with 404 where there is no object, and with 409 where
somebody else writes or deletes at that moment. Nothing has changed then, and the object is looked at. ::

    what is there                   what becomes of the PUT
    this very document              taken: a proxy sent it twice, and passed on the second answer
    another one of this run         sent once more, over that one: a PUT that was never answered had taken effect
    somebody else's document        stays refused; theirs is kept, and only then may the next PUT replace it
    … that cannot be kept           stays refused, and so does each one after it: theirs is not replaced
    what cannot be looked at        is not known: it may be this very document; what is there is not replaced
    another load test's document    stays refused; it is nobody's, so the next PUT replaces it
    nothing: somebody deleted it    stays refused; the next PUT makes it again, if there is still nothing

Conditions are given where the store has shown the object to this key before the first PUT, because S3 takes them only
from a key that may read. They are given up where a PUT is refused with one and taken without it, before any was taken
with one. Where a store ignores them, a PUT with one is like a PUT without.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, Final

from loadtest.run.documents.folder import FOLDER
from loadtest.run.documents.kind import Documents
from loadtest.run.documents.stamps import maker_of
from loadtest.run.records import OTHERS_WROTE, ReadOutcome, WriteOutcome
from loadtest.target.s3_store import knows_no_condition
from loadtest.target.store_interface import CHANGED_MEANWHILE, Attempt, ObjectLook, Store

_CONFLICT: Final = "ConditionalRequestConflict"
_NOT_AS_EXPECTED: Final = (CHANGED_MEANWHILE, _CONFLICT, "NoSuchKey")
_SHOWN: Final = ("document", "nothing")
_TOO_LARGE: Final = "too-large"
_STAYS: Final = "what is there stays, as it cannot be kept ({})"
IsOurs = Callable[[bytes, Collection[int]], bool]


class Replacing:
    """One object, whose document the run replaces again and again.

    Args:
        store: the object.
        before: the object before the first PUT.
        is_ours: whether a document is the run's own, given the versions that may be there now.
        keep: keeps a document of somebody else, and raises OSError where it cannot.
    """

    def __init__(self, store: Store, before: ObjectLook, is_ours: IsOurs, keep: Callable[[ObjectLook], None]) -> None:
        self.store = store
        self.said: dict[str, Any] = {}
        """What is said of the document with every PUT: its content type, and so on."""
        self._before = before
        self._is_ours = is_ours
        self._keep = keep
        self._gives_conditions = before.found in _SHOWN
        self._was_taken = False
        """Whether the store has shown that it takes If-Match: what it refuses now, it refuses for another reason."""
        self._condition: dict[str, Any] = {}
        self._in_doubt = False
        """Whether the last PUT was not answered, so that its document may be there by now."""
        self._last = 0
        self._unanswered: set[int] = set()

    def put_first(self, version: int, body: bytes, condition: dict[str, Any]) -> Attempt:
        """Put the first version over what was there before and no other, as far as the store knows of conditions."""
        attempt = self._send(body, condition)
        if condition and _is_refused(attempt):
            attempt = self._after_first_refusal(attempt, body, condition)
        return self._noted(version, attempt)

    def put(self, version: int, body: bytes) -> Attempt:
        """Put a later version over the run's own last one and no other, as far as the store knows of conditions."""
        if self._in_doubt:
            look = self.store.look()
            if look.found in _SHOWN and (theirs := self._what_stands_against_it(look)):
                return Attempt(WriteOutcome.REFUSED, "", theirs, "", None)
        attempt = self._send(body, self._condition)
        if self._condition and _is_refused(attempt):
            attempt = self._after_refusal(attempt, body)
        return self._noted(version, attempt)

    def _send(self, body: bytes, condition: dict[str, Any]) -> Attempt:
        attempt = self.store.put(body, **self.said, **condition)
        self._was_taken |= "IfMatch" in condition and attempt.outcome is WriteOutcome.ACKED
        return attempt

    def _noted(self, version: int, attempt: Attempt) -> Attempt:
        """Note what has to be there now, or may be."""
        if attempt.outcome is WriteOutcome.ACKED:
            self._last = version
            self._expect(attempt.etag)
        elif attempt.outcome is WriteOutcome.UNKNOWN:
            self._unanswered.add(version)
            self._in_doubt = self._gives_conditions
        return attempt

    def _after_first_refusal(self, refused: Attempt, body: bytes, condition: dict[str, Any]) -> Attempt:
        """What becomes of a first version that was refused: it is put without condition where that is as safe."""
        if self._before.found not in _SHOWN:  # the store shows nothing
            # The address does; a key that may not read may not give its ETag. But only a condition keeps theirs safe.
            is_as_safe = "IfMatch" in condition and (
                knows_no_condition(refused.error) or "AccessDenied" in refused.error
            )
        elif refused.error.startswith(CHANGED_MEANWHILE):
            now = self.store.look()
            if now.body == body:
                return _taken(refused, now)
            is_as_safe = (now.found, now.body) == (self._before.found, self._before.body)  # it compares in its own way
        else:
            is_as_safe = knows_no_condition(refused.error)
        if not is_as_safe:
            return refused
        self._gives_conditions = False
        return self._send(body, {})

    def _after_refusal(self, refused: Attempt, body: bytes) -> Attempt:
        """What becomes of a PUT that was refused under its condition."""
        if not _is_as_conditions_say(refused):
            return (
                refused if self._was_taken and not knows_no_condition(refused.error) else self._without(refused, body)
            )
        self._was_taken |= refused.error.startswith(_CONFLICT)
        attempt = refused
        for _ in range(2):  # the second time where a PUT that was never answered took effect just now
            look = self.store.look()
            if look.body == body:
                return _taken(attempt, look)
            if theirs := self._what_stands_against_it(look):
                unseen = look.found not in (*_SHOWN, _TOO_LARGE)  # it may be this very document, as above
                return replace(attempt, error=theirs, outcome=WriteOutcome.UNKNOWN if unseen else attempt.outcome)
            attempt = _since(attempt, self._send(body, self._condition))
            if not (_is_refused(attempt) and _is_as_conditions_say(attempt)):
                return attempt
        if not self._was_taken:
            return self._without(attempt, body)  # a store that compares ETags in its own way
        at_once = f"{OTHERS_WROTE}somebody else writes there at the same moments"
        return replace(attempt, error=attempt.error if self._unanswered else at_once)

    def _without(self, refused: Attempt, body: bytes) -> Attempt:
        """Put it without a condition, where a look just before shows that nothing of anybody's is replaced by it."""
        look = self.store.look()
        if look.found not in _SHOWN:
            return refused
        if theirs := self._what_stands_against_it(look):
            return replace(refused, error=theirs)
        attempt = _since(refused, self._send(body, {}))
        self._gives_conditions &= attempt.outcome is not WriteOutcome.ACKED
        return attempt

    def _what_stands_against_it(self, look: ObjectLook) -> str:
        """Why this PUT may not replace what is there, as its error; "" where that is the run's own, or kept already.

        The next one may, unless it is somebody's document and could not be kept.
        """
        if self._condition == ({"IfNoneMatch": "*"} if look.found == "nothing" else {"IfMatch": look.etag}):
            self._in_doubt = False
            return ""
        if look.found == "document":
            if not self._is_ours(look.body, {self._last, *self._unanswered}):
                return f"{OTHERS_WROTE}{self._met(look)}"
            self._expect(look.etag)
            return ""
        if look.found == "nothing":
            self._condition, self._in_doubt = {"IfNoneMatch": "*"}, False
            return f"{OTHERS_WROTE}somebody has deleted the object"
        stays = _STAYS.format(look.error)
        if self._in_doubt and look.found != _TOO_LARGE:
            return f"{CHANGED_MEANWHILE}: a PUT of this run that was not answered may have taken effect; {stays}"
        return f"{OTHERS_WROTE}somebody else has written there; {stays}"

    def _met(self, look: ObjectLook) -> str:
        """Keep what somebody else has put there, and say so."""
        said = f"load test {maker_of(look.body)} writes there as well"
        if not maker_of(look.body):
            try:
                self._keep(look)
            except OSError as error:
                return f"somebody else has written there; {_STAYS.format(error.strerror or type(error).__name__)}"
            lacking = f" (save {', and '.join(look.not_kept)})" if look.not_kept else ""
            kept = f"their document is kept{lacking}, and the newest of theirs will be put back at the end"
            said = f"somebody else has written there; {kept}"
        self._expect(look.etag)
        return said

    def _expect(self, etag: str) -> None:
        """Let the next PUT replace what has this ETag; under no condition where none can be given."""
        self._in_doubt = False
        is_strong = etag and not etag.startswith("W/")  # a weak one equals nothing (RFC 9110, section 13.1.1)
        self._condition = {"IfMatch": etag} if is_strong and self._gives_conditions else {}


def recognised(documents: Documents, kind: str) -> IsOurs:
    """Tells the run's own documents. One of a folder proves nothing: it is the run's where a PUT of it may be there."""

    def is_ours(body: bytes, versions: Collection[int]) -> bool:
        identity = documents.verifier().identify(body)
        if kind == FOLDER:
            return identity.version in versions
        return identity.outcome is ReadOutcome.WHOLE  # the store holds the bytes that it was given

    return is_ours


def _taken(refused: Attempt, look: ObjectLook) -> Attempt:
    """A PUT that was refused and is there all the same: a proxy sent it twice, and passed on the second answer."""
    return replace(refused, outcome=WriteOutcome.ACKED, etag=look.etag, error="")


def _since(earlier: Attempt, later: Attempt) -> Attempt:
    """The later PUT of a version, whose bytes may have come from the earlier one, which a proxy may have kept."""
    moments = [each.called_ns for each in (earlier, later) if each.called_ns is not None]
    return replace(later, called_ns=min(moments, default=None))


def _is_refused(attempt: Attempt) -> bool:
    return attempt.outcome is WriteOutcome.REFUSED


def _is_as_conditions_say(refused: Attempt) -> bool:
    return refused.error.startswith(_NOT_AS_EXPECTED)
