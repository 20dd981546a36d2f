"""What every number and word of the reports means. Shown on hover in the page and as a list at its end."""

from __future__ import annotations

import re
from typing import Final

BOUND: Final = "at 95 % confidence"

DEFINITIONS: Final[dict[str, str]] = {
    "version": "The writer numbers the documents it puts: 0, 1, 2, … Every document says which version it is.",
    "acknowledged": "The store answered the write (PUT) with success. From then on a new read should see that version.",
    "stale read": "A read that started after a newer version had been acknowledged, and still got an older one.",
    "staleness": "How long ago the version that a stale read returned had been replaced. Calls take time, so it is "
    "known as an interval, never as a point.",
    "acknowledged writes behind (k)": "How many acknowledged writes a stale read was behind.",
    "consistency window": "How long after a write's acknowledgement readers still got the old version.",
    "first visible": "When the first answer with the new version had come back, counted from the acknowledgement; the "
    "time that this read itself took is in it. Negative: readers saw it before the writer was told that it had "
    "succeeded.",
    "last stale": "When the last stale read because of this write was started, counted from its acknowledgement.",
    "resolution": "How finely a consistency window could be measured: the time until the next read that could have "
    "told. Shorter windows than this go unseen.",
    "window not fully known (censored)": "No read came after the end of the window that was seen, so it may be longer "
    "than shown.",
    "visibility curve": "The chart “How soon reads are fresh”: the share of fresh reads by the time since a write was "
    "acknowledged.",
    "inversion": "A read that returned an older version than another read had returned before it was sent.",
    "monotonic": "No reader goes back in time: once it has got a version, it gets no older one.",
    "torn": "A body that mixes two or more versions.",
    "truncated": "A body that stops early.",
    "corrupt": "A body that resembles a document and fails its digest.",
    "etag-mismatch": "A whole document whose ETag header names another version.",
    "foreign": "A body that somebody else certainly wrote: a whole document of another run, or one that its ETag "
    "shows to be in the store.",
    "crossed mapping": "An address that answers with the document of another object. In a run of several objects such "
    "a read is other-object: the document is whole, but must not come from there.",
    "lost write": "An acknowledged write whose version no read ever returned, though reads came before the next write: "
    "it was lost, or not visible until the next write.",
    "phantom": "A version that nobody had written yet when it was read.",
    "ETag": "A short fingerprint of the document that the server sends along with it.",
    "If-None-Match": "The request header in which a reader sends the ETag that it holds: only send the document if "
    "it has changed.",
    "conditional request": "A read with If-None-Match.",
    "304": "Status 304 Not Modified: the server says that the reader's copy is still current, and sends no document.",
    "due": "A read is due at the moment at which the schedule wants it sent, however busy the target is.",
    "in flight": "Sent and not answered yet. A read overlaps a PUT when the two were in flight at the same moment.",
    "response time": "From the moment a read was due until its last byte had arrived. Time spent waiting to be sent "
    "counts, so a server that stalls cannot hide it.",
    "service time": "From the moment a read was sent until its last byte had arrived.",
    "p50": "Half of the reads were at least this fast (the median).",
    "p90": "90 % of the reads were at least this fast; 1 in 10 was slower.",
    "p95": "95 % of the reads were at least this fast; 1 in 20 was slower.",
    "p99": "99 % of the reads were at least this fast; 1 in 100 was slower.",
    "p99.9": "99.9 % of the reads were at least this fast; 1 in 1,000 was slower.",
    "max": "The slowest read of all.",
    "slowdown": "Response time while writing divided by response time while quiet: 1.00x is no difference, 2.00x is "
    "twice as slow. Measured over pairs of neighbouring windows, among reads of one kind of answer (200 or 304).",
    "tolerance": "The slowdown that this run was told to accept (--impact-tolerance).",
    "window": "A stretch of the run in which the writer either does nothing (quiet) or keeps writing (writing). Its "
    "beginning and its end are not counted, so that one kind of stretch does not reach into the other.",
    "rest": "A quiet stretch several windows long: long enough to see what a PUT leaves behind, and the level that "
    "response times come back to.",
    "pair": "One quiet window and one writing window next to each other, in random order, so that drift of the machine "
    "or the network hits both alike. Comparisons are made within pairs.",
    "95 % interval": "If runs like this were repeated, 95 of 100 such intervals would hold the true value. Slowdowns "
    "are counted over pairs of windows and stale reads over writes, because reads of the same moment are correlated.",
    "noise floor": "The smallest slowdown that this run could have told from none. Smaller ones go unseen.",
    "A/A control": "A run that never writes: quiet compared with quiet. Whatever slowdown it shows is noise.",
    BOUND: "Nothing was found in n tries, taken as independent of each other. If the true share were 3 in n or more, "
    "at least 19 of 20 such runs would have found something.",
    "not measured": "There was no data for it. It does not mean zero.",
    "loop delay": "How much later than planned the load generator woke up. If that is not small, it measured itself.",
    "pause (†)": "A moment in which the load generator itself did nothing, so that every read under way waited for it. "
    "A number is marked † when most of the reads that were so slow had mostly waited for a pause: it is the "
    "generator's own, and not the target's.",
    "loop delay beside response time": "The load generator's own delay as a share of what it measured. Above a "
    "quarter, latencies say more about the generator than about the target.",
    "late start": "How long after it was due a read was sent.",
    "atomic": "As if there were one copy: no read is stale, and once any reader has seen a version, no reader sees an "
    "older one.",
    "regular": "No read is stale, but while a write is in flight one reader may still see the old version after "
    "another one saw the new.",
    "what proves it (witness)": "The few recorded operations that prove a finding, with their times.",
    "read model": "A document that is written rarely and read all the time, kept ready for its readers.",
    "reader": "One client with one request at a time; it keeps the ETag of the document that it got last.",
    "reader 0/3": "Reader number 3 of the load-generating process number 0. A reader has one request at a time.",
    "PUT": "The request that replaces the document in the store.",
    "sandbox": "A simulator of AWS on the tester's own machine. Its speed and its faults are its own.",
    "stamp": "A mark in a field of the user's own document, which says of which run and which version the document is "
    "(--stamp).",
    "publication": "A new version that somebody else put into the store, in a run that only watches.",
    "watched write": "A publication as it is proved: it took effect after the last HEAD that did not show it was sent, "
    "and before the first that showed it had returned. Where the report of a run that watches speaks of an "
    "acknowledgement, it is that first HEAD.",
    "unseen document": "A document that readers got and that no HEAD showed: it was published and replaced between two "
    "looks at the store. It is counted, but is no phantom.",
    "undecided read": "A read of a document that was old, or had been published once more between two looks at the "
    "store. Nothing proves which, so the read is not judged.",
}

OUTCOMES: Final[dict[str, str]] = {
    "whole": "200 with a whole document of this run.",
    "not-modified": "304 to a conditional request. " + DEFINITIONS["304"].partition(": ")[2].capitalize(),
    "torn": DEFINITIONS["torn"],
    "truncated": DEFINITIONS["truncated"],
    "corrupt": DEFINITIONS["corrupt"],
    "etag-mismatch": DEFINITIONS["etag-mismatch"],
    "foreign": DEFINITIONS["foreign"],
    "unasked-not-modified": "A 304 to a request that carried no condition.",
    "not-modified-with-body": "A 304 that carried a body.",
    "not-found": "404: the gateway says that the document is missing.",
    "forbidden": "401 or 403: the reader was not let in.",
    "throttled": "429: too many requests.",
    "client-error": "Any other status that a read does not expect.",
    "server-error": "5xx: the gateway or the store failed.",
    "refused": "Read: the connection could not be opened. Write: the store said no, so it did not happen.",
    "reset": "The connection was lost before the head of an answer had come. Where it is lost within the body of a "
    "200, the document is truncated; of every other answer the status counts.",
    "timed-out": "No whole answer within the time limit.",
    "transport-error": "Any other failure of the connection.",
    "abandoned": "Still unanswered when the run had ended, or given up by a subclass of the reader.",
    "not-sent": "Due before the run stopped, but no reader was free to send it: too few readers, or a frozen target.",
    "oversized": "200 with more bytes than any document of the run has; it was not read to its end.",
    "rewritten": "200 with a document of this run that something on the way passed on changed.",
    "unrecognised": "200 with something that is not a document of a run, such as an error page.",
    "other-object": "200 with a whole document that this run wrote to another of its objects: a crossed mapping.",
    "acked": "The store acknowledged the write.",
    "unknown": "The store gave no clear answer: the write may take effect at any later time.",
}
"""What each outcome in ``run.json`` means."""


NUMBERS: Final[dict[str, str]] = {
    "documents whose read overlapped a PUT": "Documents that were on their way while a PUT was in flight, at any "
    "time of the run.",
    "longest time after which an older version was read": "From the moment at which a newer version had been read to "
    "the start of a later read that still got the older one.",
    "versions that fit in no order with another, without an inversion": "Reads and writes of two versions of which "
    "neither can have come wholly before the other, though no single read was stale or inverted.",
    "share of stale reads": "Stale reads divided by the reads that came after an acknowledged write.",
    "reads started late, p99": "Of 100 reads, 99 were sent within this time after they were due.",
    "share of errors": "Reads that got no answer, or neither a 200 nor a 304, divided by all reads.",
    "most acknowledged writes that a read was behind": DEFINITIONS["acknowledged writes behind (k)"],
    "longest time without a successful read": "The longest time in which no read came back with a 200 or a 304.",
    **{
        f"response time while writing / while quiet, {name}": f"{DEFINITIONS['slowdown']} Here at {name}."
        for name in ("p50", "p90", "p99")
    },
    **{f"event loop delay, {name}": DEFINITIONS["loop delay"] for name in ("p50", "p99")},
}
"""What numbers of checks mean, where the definition of a term in their name would say too little or be wrong."""


GLOSSARY: Final = {**DEFINITIONS, **NUMBERS}
"""All that the page explains at its end, because nothing is shown on hover on a phone or on paper."""


def term_in(name: str) -> str:
    """The term that explains the name of a number: the name itself, else the longest defined term in it; else ""."""
    if name in NUMBERS:
        return name
    terms = [term for term in DEFINITIONS if re.search(rf"(?<![\w-]){re.escape(term)}(?!\w)", name)]
    return max(terms, key=len, default="")


def explain(name: str) -> str:
    """The definition for the name of a number; "" when there is none."""
    return GLOSSARY.get(term_in(name), "")


_IN_SENTENCES: Final = re.compile(rf"{BOUND}|95 % interval|\bp(?:50|90|95|99(?:\.9)?)\b(?!\.\d)")


def split_terms(sentence: str) -> tuple[tuple[str, str], ...]:
    """``sentence`` in pieces, each with its definition; "" for plain text. A term is defined where it occurs first."""
    pieces, end, defined = [], 0, set()
    for match in _IN_SENTENCES.finditer(sentence):
        term = match[0]
        if term in defined:
            continue
        defined.add(term)
        pieces += [(sentence[end : match.start()], ""), (term, DEFINITIONS[term])]
        end = match.end()
    return (*pieces, (sentence[end:], ""))


def word_id(term: str) -> str:
    """The HTML id of a word of the glossary."""
    return "word-" + re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-")


def define(term: str) -> str:
    """The definition of ``term``; a KeyError when there is none, so that no number lacks one."""
    return DEFINITIONS[term]
