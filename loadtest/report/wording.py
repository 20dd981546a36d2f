"""Words that all reports share: verdict signs, the headline, what the run was, and what to know before believing it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import JsonValue

from loadtest import units
from loadtest.cleaned import clean
from loadtest.run.history.looks import DECIDED
from loadtest.run.records import Verdict
from loadtest.run.settings import PUBLISH
from loadtest.summary.findings import CheckResult, Question, QuestionId, ThresholdResult
from loadtest.summary.generator import Generator
from loadtest.summary.summary import Summary

Judged = TypeVar("Judged", CheckResult, ThresholdResult)

SIGNS: Final = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.INCONCLUSIVE: "?"}
"""A sign beside the word, so that colour is never all that distinguishes verdicts."""

VERDICT_MEANING: Final = {
    Verdict.PASS: "It was measured, there was enough evidence, and it kept its promise.",
    Verdict.FAIL: "It was measured, and it broke its promise; the operations that prove it are shown.",
    Verdict.INCONCLUSIVE: "There was not enough evidence to say either way. That never counts as passing.",
}


@dataclass(frozen=True)
class Topic:
    """What a question is about: the heading of its section, and its first sentence."""

    id: QuestionId
    short: str
    lead: str


TOPICS: Final = (
    Topic(
        "impact",
        "Speed while writing",
        "The run alternates between quiet stretches (nobody writes) and writing stretches (the document keeps being "
        "replaced) and compares how long readers wait in each.",
    ),
    Topic(
        "whole",
        "Whole documents",
        "Every document carries its version and a digest of itself, so a mix of two versions, a document cut short or "
        "any other damage is recognised in every single read.",
    ),
    Topic(
        "freshness",
        "Old versions",
        "Once the store has acknowledged a write, a reader that starts afterwards should get that version. "
        "A read that still gets an older one is stale.",
    ),
    Topic(
        "conditional",
        "ETag and 304",
        "A reader that already holds a version can send its ETag. If the document has not changed, the right "
        "answer is a short 304 without the document.",
    ),
)


def lead(summary: Summary, topic: Topic) -> str:
    """What a section is about, as it was in this run."""
    if topic.id == "whole" and is_watched(summary):
        return _WHOLE_WATCHED
    if topic.id == "whole" and summary.run.settings.get("documents"):
        return _WHOLE_OWN
    if topic.id == "freshness" and is_watched(summary):
        return _FRESH_WATCHED
    return topic.lead


_WHOLE_WATCHED: Final = (
    "Somebody else publishes the documents. An ETag that is the MD5 of a body vouches for it; elsewhere the document "
    "under an ETag is the body that most reads got with it, and any other body under it is not whole."
)
_WHOLE_OWN: Final = (
    "The documents are the user's own. Each body is compared, byte by byte, with the versions that were published, so "
    "a mix of two, a document cut short or any other damage is recognised wherever the versions differ."
)
_FRESH_WATCHED: Final = (
    "Once a HEAD has shown a version in the store, a reader that starts afterwards should get that version. A read "
    "that still gets an older one is stale. Where this page speaks of an acknowledgement, it is the first HEAD that "
    "showed a version."
)


def headline(summary: Summary, placed: bool = False) -> str:
    """The overall verdict in a few words, what fails first; ``placed``: the text beside it says where that was."""
    parts: list[str] = []
    place = "" if placed else where(summary)
    for verdict, one, many in (
        (Verdict.FAIL, "fails", "fail"),
        (Verdict.INCONCLUSIVE, "is undecided", "are undecided"),
        (Verdict.PASS, "passes", "pass"),
    ):
        named = [_topic(question.id) for question in summary.questions if question.verdict is verdict]
        number = len(named)
        at = place if verdict is Verdict.PASS else ""
        if number == len(summary.questions):
            parts.append(f"All four questions {many}{at}.")
        elif number:
            what = "" if parts else " of 4 questions"
            which = "" if verdict is Verdict.PASS else f": {_listed(named)}"
            parts.append(f"{number}{what} {one if number == 1 else many}{at}{which}.")
    sentence = " ".join(parts)
    others = [check.verdict for check in other_checks(summary)] + [limit.verdict for limit in summary.thresholds]
    missed = len(others) - others.count(Verdict.PASS)
    if missed:
        sentence += f" Beside them, {units.counted(missed, 'check or threshold', 'checks or thresholds')} did not pass."
    return sentence


def where(summary: Summary) -> str:
    """Where the verdict was reached, if that was a simulator; "" for a real target."""
    return " in the sandbox" if summary.run.target.get("kind") == "sandbox" else ""


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _topic(question_id: QuestionId) -> str:
    short = next(topic.short for topic in TOPICS if topic.id == question_id)
    return short if short.startswith("ETag") else short.lower()


def about(summary: Summary) -> str:
    """What was done, in one sentence."""
    run = summary.run
    where, what = text_of(run.target.get("url") or "the target"), "the document"
    if summary.objects:
        where = f"{len(summary.objects)} objects ({text_of([row.object_key for row in summary.objects])})"
    elif summary.addresses:
        where = f"{where} and {units.counted(len(summary.addresses) - 1, 'more address', 'more addresses')}"
    written = f"was written {units.counted(run.writes, 'time')}"
    if is_watched(summary):
        written = f"was seen in {units.counted(run.writes, 'version')}, which somebody else published"
    if summary.objects:
        what, written = "one writer", f"replaced them {units.counted(run.writes, 'time')}, in turn"
    return (
        f"{units.counted(run.sessions, 'reader')} made {units.counted(run.reads, 'read')} of "
        f"{where} in {units.seconds(run.duration_ns)}, while {what} {written}."
    )


def is_watched(summary: Summary) -> bool:
    """Whether somebody else published the documents; of a run that wrote itself nothing is said of a writer."""
    return summary.run.settings.get("writer", PUBLISH) != PUBLISH


def notes(summary: Summary) -> tuple[str, ...]:
    """What a reader must know before believing the numbers."""
    sentences = list(_of_objects(summary))
    if summary.run.target.get("kind") == "sandbox":
        sentences.append(
            "The target was the sandbox: a simulator of AWS on the tester's own machine, and not AWS. A FAIL here "
            "shows a fault of the code, or one that the simulator was told to make. A PASS here does not show that AWS "
            "is fast or consistent enough: repeat the run against AWS before you release."
        )
    ended = summary.run.ended
    if ended.recovered and "killed" in ended.reason:
        sentences.append("The run was killed; what is shown was recovered up to its last flush to disk.")
    elif ended.recovered:
        sentences.append(f"The end of this run was never noted: {ended.reason}.")
    if ended.reason.startswith(DECIDED):
        sentences.append(
            f"The run ended early, {ended.reason} (--until-decided): every question was decided by then. What came in "
            "until it had ended is judged here, too."
        )
    sentences += [f"Part of the record is missing. {sentence}" for sentence in ended.missing]
    if summary.impact.control:
        sentences.append(
            "Nothing was written during this run: it is a control, whose slowdown should be 1.00x. Any difference from "
            "that is noise."
        )
    if summary.generator.fast_enough is not True:
        sentences.append(summary.generator.sentence)
    if summary.generator.pause_sentence:
        sentences.append(summary.generator.pause_sentence)
    errors = summary.availability.errors
    if errors:
        sentences.append(
            f"{units.counted(errors, 'read')} ({units.share(summary.availability.error_share)}) ended in an error. An "
            "error says nothing about versions and is left out of the latencies."
        )
    return tuple(sentences)


def _of_objects(summary: Summary) -> Iterable[str]:
    """Whose figures are shown, in a run of several objects."""
    if not summary.objects:
        return
    shown = {question: row.object_key for row in summary.objects for question in row.shown_for}
    slowdown = f"that of {shown['impact']}" if "impact" in shown else "that of all reads together"
    yield (
        f"Each of the {len(summary.objects)} objects is judged by its own reads and writes, and an answer is as bad as "
        f"that of the worst. The slowdown that is shown is {slowdown}, and what is shown of old versions is of "
        f"{shown.get('freshness', 'the worst of them')}; the table by object has all of them. Each object has versions "
        "of its own."
    )


def checks_of(summary: Summary, question: Question) -> tuple[CheckResult, ...]:
    by_id = {check.id: check for check in summary.checks}
    return tuple(by_id[name] for name in question.checks if name in by_id)


def other_checks(summary: Summary) -> tuple[CheckResult, ...]:
    """Checks that no question rests on."""
    used = {name for question in summary.questions for name in question.checks}
    return tuple(check for check in summary.checks if check.id not in used)


def worst_first(judged: Iterable[Judged]) -> list[Judged]:
    """Checks, or thresholds, with those that FAIL first, then the INCONCLUSIVE ones, otherwise in their order."""
    order = list(Verdict)
    return sorted(judged, key=lambda one: order.index(one.verdict))


def text_of(value: JsonValue) -> str:
    """A setting as text: "none", "yes" and "no", values as they are, lists and objects without brackets."""
    if value is None or value in ("", []):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(text_of(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {text_of(item)}" for key, item in value.items())
    return clean(str(value))


def generator_word(generator: Generator) -> str:
    """Whether the load generator was fast enough, in a few words."""
    return {True: "fast enough", False: "too slow", None: "not measured"}[generator.fast_enough]
