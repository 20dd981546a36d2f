"""Conditional GET: what counts as honouring ETag, and that silence is not passing."""

import pytest
from history_language import PAYLOAD_BYTES, as_text, history, padding

from loadtest.judge.checks.conditional_get import conditional_get
from loadtest.judge.checks.registry import run_checks
from loadtest.judge.measure.conditional_gets import measure_conditional
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult

ENOUGH = padding(10_000, 3)


def asked_again(count: int, version: int, since: int) -> str:
    """Answers 304 to so many who hold this version."""
    return " ".join(f"n{version}[{since + n} {since + 1 + n}]" for n in range(count))


ANSWERED = asked_again(20, 1, since=100)


def judge(text: str, **settings: float) -> CheckResult:
    return conditional_get(history(f"w1[0 10] w2[20 30] {text} {ENOUGH}", **settings))


def faults(result: CheckResult) -> dict[str, object]:
    return {number.name: number.value for number in result.numbers[:-3] if number.value}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("r2[31 40]", None),
        ("n2[31 40]", None),
        ("n1[31 40]", None),  # a stale read, judged there
        ("r2[31 40 sent=1]", None),  # changed meanwhile
        ("r2[31 40 sent=-2]", None),  # an ETag of somebody else's
        ("n2[31 40 sent=-2]", None),  # a 304 to an ETag that the journal does not know
        ("r2[31 40 sent=-3]", None),  # the ETag that version 2 had before the target changed its ETags, once
        ("r2[31 40 sent=2]", "200 with the version that If-None-Match named"),
        ("r2[31 40 etag=none]", "200 without an ETag"),
        ("r2[31 40 etag=-2]", "200 whose ETag does not name its body"),
        ("etag-mismatch2[31 40 etag=1]", "200 whose ETag does not name its body"),
        ("truncated[31 40]", None),
        ("truncated[31 40 sent=1]", None),  # version 1 was not current any more: a 200 was right, if whole
        ("truncated[25 40 sent=2]", None),  # called before version 2 was acknowledged
        ("truncated[31 40 sent=2]", "200 with a body that is not whole, where If-None-Match named the current version"),
        ("unasked-not-modified[31 40]", "304 to a request without a condition"),
        ("not-modified-with-body2[31 40]", "304 with a body"),
        ("not-modified-with-body2[31 40 sent=-2]", "304 with a body"),
        ("r2[31 40 etag=-3]", "200 with a second ETag of its version, which it has by turns with another"),
        ("n2[31 40 etag=none]", "304 without an ETag"),
        ("n2[31 40 etag=1]", "304 with the ETag of another version"),
        ("n1[31 40 etag=2]", "304 with the ETag of another version"),  # a stale read as well
        ("n2[31 40 etag=-2]", "304 with an ETag that nothing is known of"),
        ("n2[31 40 etag=-3]", None),
        ("n2[31 40 sent=-2 etag=none]", "304 without an ETag"),
        ("error[31 40]", None),
        ("torn[31 40]", None),
        ("foreign[31 40 etag=-2]", None),
        ("foreign[31 40 etag=2]", "200 whose ETag does not name its body"),  # no writer gets our version's ETag
    ],
)
def test_fires_when_it_must_and_only_then(text: str, fault: str | None) -> None:
    result = judge(text)
    assert faults(result) == ({fault: 1} if fault else {})
    assert result.found == (fault is not None) == len(result.witnesses)
    assert result.verdict is (Verdict.FAIL if fault else Verdict.PASS)
    if fault:
        assert result.sentence == f"ETag and If-None-Match are not honoured by every answer. {fault}: 1."


def test_the_etag_of_a_write_that_was_not_acknowledged_is_not_known() -> None:
    text = f"w1[0 10] w2[20 ?] r2[31 40 etag=-2] {ENOUGH}"
    assert conditional_get(history(text)).verdict is Verdict.PASS
    nobodys = f"w1[0 10] w2[20 30] r99[31 40 etag=-2] {ENOUGH}"
    assert conditional_get(history(nobodys)).verdict is Verdict.PASS
    first = f"w1[0 ?] w2[20 30] r0[5 6 etag=-2] {ENOUGH}"  # that of version 0 is always known
    assert faults(conditional_get(history(first))) == {"200 whose ETag does not name its body": 1}


def test_no_etag_at_all_is_a_failure_and_says_why() -> None:
    result = conditional_get(history("w1[0 10] r1[11 12 etag=none] r1[13 14 etag=none]"))
    assert result.verdict is Verdict.FAIL
    assert result.sentence == (
        "No answer carried an ETag (2 whole documents), so no reader could ask whether its copy was still current: the "
        "target does not pass the object's ETag on."
    )


def test_never_a_304_though_it_could_have_been_is_a_failure_and_says_why() -> None:
    result = conditional_get(history("w1[0 10] r1[11 12 sent=1] r1[13 14 sent=1]"))
    assert result.verdict is Verdict.FAIL
    assert result.sentence == (
        "2 requests named the current version in If-None-Match and none was answered 304: the target does not pass "
        "If-None-Match on, or does not pass 304 back."
    )


def test_nobody_asked_is_inconclusive_and_says_why() -> None:
    asked_for = conditional_get(history("w1[0 10] r1[11 12] r1[13 14]", conditional_share=0.5))
    assert asked_for.verdict is Verdict.INCONCLUSIVE
    assert asked_for.sentence == (
        "No conditional request was answered (no reader came to hold an ETag and ask again), so 304 was not tried."
    )
    not_asked_for = conditional_get(history("w1[0 10] r1[11 12] r1[13 14]", conditional_share=0))
    assert not_asked_for.verdict is Verdict.INCONCLUSIVE
    assert not_asked_for.sentence == (
        "No conditional request was answered (--conditional-share is 0), so 304 was not tried."
    )
    nothing = conditional_get(history("w1[0 10] error[11 12]"))
    assert nothing.verdict is Verdict.INCONCLUSIVE


def test_too_few_that_could_have_been_304() -> None:
    enough, result = (conditional_get(history(f"w1[0 10] r1[11 11] {asked_again(count, 1, 20)}")) for count in (20, 19))
    assert enough.verdict is Verdict.PASS
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.sentence == "Only 19 requests named the current version, at least 20 are needed."
    changed = conditional_get(history("w1[0 10] " + " ".join(f"r1[{20 + n} {21 + n} sent=0]" for n in range(50))))
    assert changed.verdict is Verdict.INCONCLUSIVE
    assert changed.sentence.startswith("Only 0 requests")


def test_passing_says_how_much_was_tried() -> None:
    result = conditional_get(history(padding(0, 1)))
    tried = measure_conditional(history(padding(0, 1))).could_have_been
    assert result.sentence == (
        f"All {tried} requests that named the current version were answered 304. Every 200 carried an ETag that "
        "names its body."
    )


def test_a_304_for_an_outdated_copy_is_not_counted_as_right() -> None:
    answers = f"{asked_again(5, 1, 31)} {asked_again(20, 2, 100)}"
    result = conditional_get(history(f"w1[0 10] r1[11 12] w2[20 30] {answers} r2[200 201]"))
    assert result.verdict is Verdict.PASS
    assert result.sentence == (
        "All 25 requests that named the version which the server took as current were answered 304, but 5 of these "
        "answers (20.0 %) told a reader that an outdated copy was current: they are stale reads, and judged as such. "
        "Every 200 carried an ETag that names its body."
    )


def test_a_torn_document_is_not_said_to_have_an_etag_that_names_it() -> None:
    result = conditional_get(history(f"w1[0 10] r1[11 12] torn[20 21 etag=1] torn[22 23 etag=none] {ANSWERED}"))
    assert result.verdict is Verdict.PASS
    assert result.sentence == (
        "All 20 requests that named the current version were answered 304. Every whole 200 of this run (1) carried an "
        "ETag that names its body; of 2 documents that are not whole, 1 carried the ETag of a version that they are "
        "not."
    )
    bare = conditional_get(history(f"w1[0 10] r1[11 12] torn[20 21 etag=none] {ANSWERED}"))
    assert bare.sentence.endswith("; 1 document that is not whole carried no ETag of a version.")


def test_a_document_of_somebody_else_is_not_said_to_have_an_etag_that_names_it() -> None:
    result = conditional_get(history(f"w1[0 10] r1[11 12] foreign[20 21 etag=none] {ANSWERED}"))
    assert result.verdict is Verdict.PASS
    assert result.sentence.endswith("Every whole 200 of this run (1) carried an ETag that names its body.")


def test_a_document_of_somebody_else_with_the_etag_of_ours_is_shown_beside_ours() -> None:
    (shown,) = judge("r2[31 33] foreign[35 40 etag=2]").witnesses
    assert shown.sentence == (
        "Reader 0/1 got a document that is not of this run with the ETag of version 2, which reader 0/0 got with "
        "version 2."
    )


def test_a_304_without_an_etag_and_one_with_another_are_shown() -> None:
    text = "w1[0 10] w2[20 30] n2[31 40 etag=none] n2[41 42 etag=1] n2[43 44 etag=-2]"
    sentences = [shown.sentence.removeprefix("Reader 0/") for shown in conditional_get(history(text)).witnesses]
    assert sentences == [
        "0 was told by a 304 that version 2 was current, and the 304 carried no ETag.",
        "1 was told by a 304 that version 2 was current, and the 304 carried the ETag of version 1.",
        "2 was told by a 304 that version 2 was current, and the 304 carried an ETag that nothing is known of.",
    ]


def test_contradicting_etags_are_shown_with_the_reads_that_they_contradict() -> None:
    text = "w1[0 10] a:r1[11 12] w2[20 30] b:etag-mismatch2[31 40 etag=1]"
    (shown,) = conditional_get(history(text)).witnesses
    assert shown.sentence == "Reader 0/1 got version 2 with the ETag of version 1, which reader 0/0 got with version 1."
    assert as_text(shown) == "w1[-31 -21] r1[-20 -19] w2[-11 -1] r2[0 9]"
    text = "w1[0 10] a:r1[11 12] b:r1[13 14 etag=-3] a:r1[15 16] a:r1[17 18]"
    (shown,) = conditional_get(history(text)).witnesses
    assert shown.sentence == "Reader 0/1 got version 1 with the second of two ETags that it had by turns."
    assert [each.called_ns for each in shown.operations if each.kind == "read"] == [-2, 0, 2]
    first, *_ = conditional_get(history("w1[0 10] b:r1[11 12 etag=-3] a:r1[13 14] b:r1[15 16 etag=-3]")).witnesses
    assert [each.called_ns for each in first.operations if each.kind == "read"] == [0, 2, 4]
    *_, last = conditional_get(history("w1[0 10] b:r1[11 12 etag=-3] a:r1[13 14] b:r1[15 16 etag=-3]")).witnesses
    assert [each.called_ns for each in last.operations if each.kind == "read"] == [-4, -2, 0]


def test_the_nearest_reads_that_do_not_overlap_show_two_etags_by_turns() -> None:
    """Neither a 304, nor another version that came with this one's ETag, is a 200 with the other ETag."""
    before = "a:r1[12 13] b:r1[14 15] c:n1[16 17] i:r0[17 18 etag=1] d:r1[15 20]"
    text = f"w1[0 10] {before} e:r1[20 25 etag=-3] f:r1[25 30] g:n1[26 27] h:r1[28 29] h:r1[30 31]"
    shown = next(one for one in conditional_get(history(text)).witnesses if "second of two" in one.sentence)
    assert as_text(shown) == "w1[-20 -10] r1[-6 -5] r1[0 5] r1[8 9]"


def test_the_first_version_is_named_as_any_other() -> None:
    (shown,) = conditional_get(history("w1[0 10] a:r0[-60 -50] b:r1[20 21 etag=0]")).witnesses
    assert shown.sentence == "Reader 0/1 got version 1 with the ETag of version 0, which reader 0/0 got with version 0."
    (shown,) = conditional_get(history("a:r0[20 21 etag=-2]")).witnesses
    assert shown.sentence == "Reader 0/0 got version 0 with an ETag that nothing is known of."


def test_a_document_of_no_known_version_is_said_to_be_one_where_somebody_else_publishes() -> None:
    text = "w1[0 10] foreign[20 21 etag=1]"
    (own,) = conditional_get(history(text)).witnesses
    (watched,) = conditional_get(history(text, writer="watch", write_interval=0.0, window=0.0)).witnesses
    assert own.sentence == "Reader 0/0 got a document that is not of this run with the ETag of version 1."
    assert watched.sentence == "Reader 0/0 got a document of no known version with the ETag of version 1."


def test_bytes_that_a_stale_304_saved_are_told_apart() -> None:
    found = measure_conditional(history("w1[0 10] w2[20 30] n1[31 40] n2[41 50] r2[51 52]"))
    assert (found.bytes_saved, found.bytes_saved_wrongly) == (2 * found.bytes_received, found.bytes_received)


def test_numbers_tell_what_could_have_been_304_what_was_and_what_was_stale() -> None:
    result = conditional_get(
        history("w1[0 10] w2[20 30] n1[31 40] n2[41 50] n2[51 52] r2[53 54 sent=2] r2[55 56 sent=1]")
    )
    assert [number.value for number in result.numbers[-3:]] == [4, 3, 1]
    assert result.looked_at == 5


def test_looks_at_every_200_and_304() -> None:
    text = "w1[0 10] r1[20 21] n1[22 23] unasked-not-modified[24 25] not-modified-with-body1[26 27] error[28 29]"
    assert conditional_get(history(text)).looked_at == 4


def test_witnesses_say_what_happened() -> None:
    text = (
        "w1[0 10] w2[20 30] r2[31 40 sent=2] r2[41 42 etag=none] r2[43 44 etag=-2] "
        "etag-mismatch2[45 46 etag=1] unasked-not-modified[47 48]"
    )
    sentences = [shown.sentence.removeprefix("Reader 0/") for shown in conditional_get(history(text)).witnesses]
    assert sentences == [
        "0 sent If-None-Match with the ETag of version 2 and got 200 with version 2 again.",
        "1 got version 2 without an ETag.",
        "2 got version 2 with an ETag that nothing is known of.",
        "3 got version 2 with the ETag of version 1.",
        "4 sent no condition and was answered 304.",
    ]
    with_body = conditional_get(history("w1[0 10] not-modified-with-body1[20 21 bytes=70]"))
    (shown,) = with_body.witnesses
    assert shown.sentence == "Reader 0/0 was answered 304 with 70 B of a body."
    assert as_text(shown) == "w1[-20 -10] r1[0 1]"
    assert shown.relative_to == "call of the read"


def test_a_witness_shows_both_versions_that_exist() -> None:
    (shown,) = conditional_get(history("w1[0 10] w2[20 30] etag-mismatch2[45 46 etag=1]")).witnesses
    assert sorted(o.version for o in shown.operations if o.kind == "write") == [1, 2]
    (shown,) = conditional_get(history("w1[0 10] etag-mismatch1[45 46 etag=2]")).witnesses
    assert [o.version for o in shown.operations if o.kind == "write"] == [1]


def test_few_are_shown_in_order_of_time_and_all_are_counted() -> None:
    reads = " ".join(f"r1[{20 + n} {21 + n} etag={'none' if n % 2 else -2}]" for n in range(20))
    result = conditional_get(history(f"w1[0 10] {reads}"))
    assert result.found == 20
    assert len(result.witnesses) == 5
    moments = [shown.at_ns for shown in result.witnesses]
    assert moments == sorted(moments)
    assert moments[0] == 0


class TestMeasurement:
    text = (
        "w1[0 10] w2[20 30] a:r1[11 12 bytes=1000] a:n1[13 14] a:r2[31 33 sent=1] a:n2[34 35] a:n1[36 37] "
        "a:r2[40 44 sent=2] b:error[50 51 sent=2] b:torn[52 53] c:not-modified-with-body2[54 55 bytes=7] "
        "c:unasked-not-modified[56 57]"
    )

    def test_counts(self) -> None:
        found = measure_conditional(history(self.text))
        assert (found.whole_reads, found.with_etag) == (3, 3)
        assert (found.conditional_reads, found.not_modified, found.changed) == (5, 3, 1)
        assert (found.same_version_sent, found.could_have_been) == (1, 4)
        assert (found.unasked, found.with_body, found.stale_not_modified) == (1, 1, 1)

    def test_bytes(self) -> None:
        found = measure_conditional(history(self.text))
        assert (found.bytes_received, found.bytes_saved) == (3 * PAYLOAD_BYTES, 3 * PAYLOAD_BYTES)
        assert found.saved_share == 0.5
        assert measure_conditional(history("w1[0 10] error[11 12]")).saved_share is None

    def test_latency_of_200_and_304_apart(self) -> None:
        found = measure_conditional(history(self.text))
        assert (found.response_200.count, found.response_200.max_ns, found.response_200.p50_ns) == (3, 4, 2)
        assert (found.response_304.count, found.response_304.max_ns) == (3, 1)

    def test_a_304_for_a_version_that_nobody_wrote_saves_nothing_that_is_known(self) -> None:
        found = measure_conditional(history("w1[0 10] n9[11 12] r1[13 14]"))
        assert (found.bytes_saved, found.not_modified) == (0, 1)

    def test_answers_without_an_etag_are_told_apart(self) -> None:
        found = measure_conditional(history("w1[0 10] r1[11 12 etag=none] r1[13 14] r1[15 16 etag=-2]"))
        assert (found.whole_reads, found.with_etag) == (3, 2)


def test_a_304_that_is_taken_for_a_200_is_not_honoured() -> None:
    empty = " ".join(f"truncated[{start} {start + 5} sent=1]" for start in range(11, 500, 10))
    result = conditional_get(history(f"w1[0 10] r1[11 12] {empty}"))
    assert result.verdict is Verdict.FAIL
    assert result.sentence == (
        "49 requests that named the current version in If-None-Match got 200 with an empty or broken document and none "
        "got 304: the target passes If-None-Match on, and takes the 304 that comes back for a 200."
    )


class TestErrorsInTheStead:
    """A gateway that takes 304 for a failure answers 502, and there is no 304 to be counted."""

    changed = "w1[0 10] w2[20 30] r1[11 12] " + " ".join(f"r2[{31 + n} {32 + n} sent=1]" for n in range(5))

    def errors(self, count: int, sent: int | str = 2) -> str:
        return " ".join(f"error[{100 + n} {101 + n} sent={sent} status=502]" for n in range(count))

    def test_are_said_instead_of_that_nothing_was_asked(self) -> None:
        result = conditional_get(history(f"{self.changed} {self.errors(50)}"))
        assert result.verdict is Verdict.INCONCLUSIVE
        assert result.sentence == (
            "50 conditional requests ended in an error, and no answer was or could have been 304: does the target make "
            "an error of a 304?"
        )
        alone = conditional_get(history(f"w1[0 10] r1[11 12] {self.errors(1, sent=1)}"))
        assert alone.sentence.startswith("1 conditional request ended in an error, and no answer")

    def test_do_not_matter_where_enough_was_answered(self) -> None:
        result = conditional_get(history(f"{self.changed} {asked_again(20, 2, 200)} {self.errors(50)}"))
        assert result.verdict is Verdict.PASS
        assert result.sentence.startswith("All 20 requests that named the current version were answered 304.")

    def test_to_requests_without_a_condition_tell_nothing_about_304(self) -> None:
        unsent = " ".join(f"not-sent[300 300 due={200 + n} sent=2 status=0]" for n in range(30))
        result = conditional_get(history(f"{self.changed} {self.errors(50, sent='none')} {unsent}"))
        assert result.sentence == "Only 0 requests named the current version, at least 20 are needed."


def test_a_304_to_an_etag_that_the_journal_does_not_know_is_judged() -> None:
    unknown = " ".join(f"n2[{31 + n} {32 + n} sent=-2]" for n in range(20))
    run = history(f"w1[0 10] w2[20 30] r2[31 32] {unknown} n1[60 61 sent=-2] r2[70 71]")
    found = measure_conditional(run)
    assert (found.not_modified, found.stale_not_modified) == (21, 1)
    assert conditional_get(run).verdict is Verdict.PASS
    assert all(not result.error for result in run_checks(run))
