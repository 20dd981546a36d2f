"""Which versions were read: consistency windows, freshness, and what conditional requests saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from loadtest.summary.findings import Record
from loadtest.summary.speed import Quantiles

SAVED_SHARE: Final = "share of document bytes not sent thanks to 304"
"""What every report calls ``saved_share``."""


@dataclass(frozen=True)
class ConsistencyWindow(Record):
    """How one acknowledged write became visible. Measured from its acknowledgement."""

    version: int
    acked_at_ns: int  # since the origin
    put_ns: int  # returned - called of the PUT
    first_visible_ns: int | None  # return of the first read of this version or a later one; None: none returned this
    last_stale_ns: int | None  # call of the latest read that was stale because of this write; None: no read was
    resolution_ns: int | None  # how long after the end of the window a read came that could have told
    stale_reads: int  # reads that returned an older version though called after the acknowledgement
    censored: bool  # no read that could have told came after: the window may be longer
    unseen: Literal["", "overtaken", "lost"] = ""  # why no read ever returned it, where that is known


@dataclass(frozen=True)
class Distribution(Record):
    """Quantiles of a duration over writes; they may be negative."""

    count: int
    min_ns: int | None
    p50_ns: int | None
    p90_ns: int | None
    p99_ns: int | None
    max_ns: int | None


@dataclass(frozen=True)
class KStaleness(Record):
    """How many reads were exactly ``k`` acknowledged writes behind."""

    k: int
    reads: int


@dataclass(frozen=True)
class VisibilityPoint(Record):
    """P(a read that starts between ``from_ns`` and ``to_ns`` after an acknowledgement is fresh).

    Its 95 % band is over writes, because reads after the same write are stale together.
    """

    from_ns: int
    to_ns: int
    reads: int
    fresh: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Consistency(Record):
    """How long readers see the old version."""

    level: Literal["atomic", "regular", "neither", "unknown"]
    writes: int  # acknowledged after version 0
    censored: int
    windows: tuple[ConsistencyWindow, ...]
    windows_note: str  # how they were thinned; "" when all are here
    first_visible: Distribution
    last_stale: Distribution  # of the writes that had stale reads and were followed until there were no more
    longest_window_ns: int | None  # None: no read was stale
    resolution: Distribution
    reads: int  # reads of a known version that came after an acknowledgement
    stale_reads: int
    stale_share: float | None
    stale_share_upper: float | None  # upper end of the 95 % interval (over writes); about 3/n when nothing was stale
    stale_text: str  # "at 95 % confidence below 0.00500 %, …" or "0.12 % (95 % interval …, over 45 writes)"
    staleness_low_ns: int | None  # the interval that the staleness of the stalest read lies in
    staleness_high_ns: int | None
    k_staleness: tuple[KStaleness, ...]
    visibility: tuple[VisibilityPoint, ...]
    cut_off: int = 0  # writes that readers still did not see when the run ended: their windows are at least as shown
    lost: int = 0  # writes that no read returned though reads came before the next: lost, or not visible until then
    overtaken: int = 0  # writes that no read returned because none came before the next


@dataclass(frozen=True)
class Conditional(Record):
    """What ETag and If-None-Match did."""

    whole_reads: int  # 200 answers with a document
    with_etag: int  # … that carried any ETag
    conditional_reads: int  # answered 200 or 304
    not_modified: int  # 304 to a condition
    changed: int  # 200 with another version than was sent, or with the ETag that the target had put in its place
    same_version_sent: int  # 200 with the very version that was sent: could have been 304
    could_have_been: int  # not_modified + same_version_sent
    unasked: int
    with_body: int
    stale_not_modified: int
    bytes_received: int  # of whole documents
    bytes_saved: int  # that the 304 answers did not send
    saved_share: float | None  # saved / (received + saved)
    response_200: Quantiles
    response_304: Quantiles
    bytes_saved_wrongly: int = 0  # of bytes_saved: by 304 answers that were stale reads
    broken_bodies: int = 0  # 200 answers whose document is not whole
    broken_with_etag: int = 0  # … that carried the ETag of a version all the same
