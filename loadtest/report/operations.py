"""One operation of a witness as text: what it was, and when."""

from __future__ import annotations

from typing import Final

from loadtest import units
from loadtest.run.records import NO_VERSION, SECOND_ETAG, UNDECIDED_VERSION, UNKNOWN_VERSION
from loadtest.summary.findings import SHOWN, Operation


def operation_text(operation: Operation) -> str:
    """One operation of a witness as a line of text, without its times."""
    if operation.kind == "write":
        if operation.outcome == SHOWN and not operation.version:
            return "version 0 (there at the first HEAD)"
        what = "publication" if operation.outcome == SHOWN else "write"
        return f"{what} of version {operation.version} ({_WRITE_ENDS.get(operation.outcome, operation.outcome)})"
    received = _RECEIVED.get(operation.outcome, f"got {operation.outcome}")
    got = f"got version {operation.version}" if operation.version >= 0 else received
    parts = [f"status {operation.status}" if operation.status else "no answer"]
    if operation.outcome not in ("whole", "not-modified") and operation.version >= 0:
        parts.append(operation.outcome)
    if operation.sent_version >= 0:
        parts.append(f"sent the ETag of version {operation.sent_version}")
    elif operation.sent_version in _SENT:
        parts.append(_SENT[operation.sent_version])
    if operation.etag_version >= 0 and operation.etag_version != operation.version:
        parts.append(f"answered with the ETag of version {operation.etag_version}")
    elif operation.etag_version in _OTHER_ETAGS and operation.outcome in ("whole", "not-modified"):
        parts.append(_OTHER_ETAGS[operation.etag_version])
    if operation.request_id:
        parts.append(f"request {operation.request_id}")
    return f"reader {operation.session} {got} ({', '.join(parts)})"


_SENT: Final = {
    UNKNOWN_VERSION: "sent an ETag that nothing is known of",
    SECOND_ETAG: "sent the ETag that the version had before the target changed its ETags",
    UNDECIDED_VERSION: "sent an ETag that had come with the same bytes, perhaps of another publication",
}
_OTHER_ETAGS: Final = {
    NO_VERSION: "answered without an ETag",
    UNKNOWN_VERSION: "answered with an ETag that nothing is known of",
    SECOND_ETAG: "answered with a second ETag of that version",
}
_RECEIVED: Final = {
    "torn": "received a torn document",
    "truncated": "received a document cut short",
    "corrupt": "received a corrupt document",
    "foreign": "received a document of somebody else",
    "oversized": "received more than any document has",
    "rewritten": "received a document that was changed on the way",
    "unrecognised": "received something that is not a document",
    "other-object": "received the document of another object",
}
_WRITE_ENDS: Final = {
    "acked": "acknowledged",
    "refused": "refused: it did not happen",
    "unknown": "outcome unknown: it may take effect at any later time",
    SHOWN: "not there yet at the first moment, shown by a HEAD at the second",
}


def operation_times(operation: Operation) -> str:
    """When an operation was called and returned, relative to the moment that its witness names."""
    called = f"at {units.duration(operation.called_ns)}"
    if operation.outcome == SHOWN and operation.returned_ns is not None:
        return f"between {units.duration(operation.called_ns)} and {units.duration(operation.returned_ns)}"
    if operation.returned_ns is None:
        return f"{called}, never returned"
    took = f"took {units.duration(operation.returned_ns - operation.called_ns - operation.widening_ns)}"
    known = f" (its clock is known to {units.duration(operation.widening_ns)})" if operation.widening_ns else ""
    return f"{called}{known}, {took}"
