"""What a finding says of a run that watched: what HEADs showed, and never that a PUT was sent or acknowledged."""

import re

import pytest
from history_language import history
from test_without_a_store import readers_of

from loadtest.judge.analyse import summarise
from loadtest.judge.checks.registry import CHECKS, run_checks
from loadtest.report.definitions import DEFINITIONS, explain
from loadtest.report.operations import operation_text, operation_times
from loadtest.report.wording import TOPICS, about, lead
from loadtest.run.history.history import History
from loadtest.summary.findings import CheckResult, Witness

WRONG = (
    "w1[0 10] w2[20 30] w3[40 50] w4[60 70] w5[75 90] h:r2[52 56] "
    "a:r1[100 107] a:r5[110 112] a:n2[120 126] b:r5[130 140] c:r4[150 160] "
    "d:torn[41 44 bytes=900] d:truncated[177 178 bytes=70] d:corrupt[62 78 bytes=1] "
    "e:r5[410 420 sent=5] e:r5[421 422 etag=none] e:etag-mismatch5[423 424 etag=4] "
    "e:unasked-not-modified[427 428] e:not-modified-with-body5[429 430 bytes=12] f:foreign[431 432]"
)
"""All that can be wrong while somebody else publishes: old, lost, broken, back in time, misnamed, of nobody."""
OF_OUR_OWN = re.compile(r"\bPUTs?\b|acknowledge|\bwrites? \d|the writer", re.I)
WATCHED = {"writer": "watch", "write_interval": 0.0, "window": 0.0}


def said(results: tuple[CheckResult, ...]) -> list[str]:
    """The sentences of checks and of what proves their findings."""
    shown: list[Witness] = [witness for result in results for witness in result.witnesses]
    operations = [operation for witness in shown for operation in witness.operations]
    return [
        *(result.sentence for result in results),
        *(text for witness in shown for text in (witness.sentence, witness.relative_to)),
        *(operation_text(operation) for operation in operations),
        *(operation_times(operation) for operation in operations),
    ]


def judged(found: History) -> tuple[CheckResult, ...]:
    return run_checks(found, CHECKS)


def test_findings_of_a_watched_run_say_what_heads_showed() -> None:
    results = judged(history(WRONG, **WATCHED))
    assert {result.id for result in results if result.witnesses} >= {
        *("fresh-reads", "monotonic-reads", "atomic-reads", "visible-writes", "whole-bodies", "conditional-get"),
        "assumptions",
    }
    sentences = said(results)
    assert [sentence for sentence in sentences if OF_OUR_OWN.search(sentence)] == []
    everything = " ".join(sentences)
    for words in (
        *("a HEAD had shown version 2", "A HEAD showed version 3.", "first HEAD that showed version 3"),
        *("perhaps while version 3 was published", "perhaps while versions 4 and 5 were published"),
        *("while nothing was published that a HEAD showed: version 5, the last one, had been shown 87.0 ns earlier",),
        *("publication of version 3 (not there yet at the first moment, shown by a HEAD at the second)",),
        *("between 0 ms and 10.0 ns", "something that no ETag vouches for"),
    ):
        assert words in everything


def test_findings_of_a_run_that_writes_say_what_its_puts_did() -> None:
    everything = " ".join(said(judged(history(WRONG))))
    for words in (
        *("write 2 had been acknowledged", "Write 3 was acknowledged.", "acknowledgement of write 3"),
        *("while write 3 was in flight", "while no PUT was in flight", "write of version 3 (acknowledged)"),
    ):
        assert words in everything


@pytest.mark.parametrize("text", ["", "w1[0 10] r1[20 30]", "w1[0 10] r0[20 30]"])
def test_too_little_of_a_watched_run_is_told_in_the_same_words(text: str) -> None:
    assert [one for one in said(judged(history(text, **WATCHED))) if OF_OUR_OWN.search(one)] == []


def test_where_nobody_asked_the_store_no_finding_shows_a_write() -> None:
    """When a document was published is not known, and versions are an order and no more."""
    world = readers_of(0, 1, 2, 1)
    world.read(0, 9_000, 9_001, 1, body=b'{"revis')
    results = judged(world.history_without_store())
    operations = [one for result in results for witness in result.witnesses for one in witness.operations]
    assert {operation.kind for operation in operations} == {"read"}
    assert [sentence for sentence in said(results) if OF_OUR_OWN.search(sentence)] == []


def test_a_report_says_of_a_watched_run_what_it_was() -> None:
    summary, own = summarise(history(WRONG, **WATCHED)), summarise(history(WRONG))
    assert "was seen in 6 versions, which somebody else published" in about(summary)
    assert "was written 6 times" in about(own)
    by_topic = {topic.id: topic for topic in TOPICS}
    assert "An ETag that is the MD5 of a body vouches for it" in lead(summary, by_topic["whole"])
    assert "Once a HEAD has shown a version" in lead(summary, by_topic["freshness"])
    assert [lead(own, topic) for topic in TOPICS] == [topic.lead for topic in TOPICS]


def test_what_heads_left_open_is_counted_under_words_that_are_explained() -> None:
    (result,) = (result for result in judged(history(WRONG, **WATCHED)) if result.id == "assumptions")
    names = {number.name for number in result.numbers}
    assert {"reads of an unseen document", "undecided read"} <= names
    assert explain("reads of an unseen document") == DEFINITIONS["unseen document"]
    assert explain("undecided read") == DEFINITIONS["undecided read"]
    (own,) = (result for result in judged(history(WRONG)) if result.id == "assumptions")
    assert names - {number.name for number in own.numbers} == {"reads of an unseen document", "undecided read"}
