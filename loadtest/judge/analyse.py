"""From a run directory to a Summary: load, measure, check, answer.

The run directory is the only input, so the same run gives the same Summary, later and on another machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from loadtest.errors import RunError
from loadtest.judge.addresses import of_addresses
from loadtest.judge.checks.registry import CHECKS, in_silence, run_checks
from loadtest.judge.evidence import missing_records
from loadtest.judge.measure.conditional_gets import measure_conditional
from loadtest.judge.measure.impact import measure_impact
from loadtest.judge.measure.rates import duration_ns, reads_by_worker
from loadtest.judge.measure.windows import measure_consistency
from loadtest.judge.objects import OF_ALL_READS, counted_together, of_objects, with_thresholds
from loadtest.judge.order.sessions import count_sessions, session_key
from loadtest.judge.parts import summary_of
from loadtest.judge.places import with_places
from loadtest.judge.questions import answer
from loadtest.judge.thresholds.grammar import ThresholdError
from loadtest.judge.thresholds.judging import evaluate
from loadtest.run.history.history import History
from loadtest.run.history.objects import history_of_object
from loadtest.run.loading import load_history
from loadtest.run.records import Verdict
from loadtest.summary.findings import worst
from loadtest.summary.summary import Ended, Run, Source, Summary


def analyse(run_dir: Path, tell: Callable[[str], None] = in_silence) -> Summary:
    """Judge the run recorded in ``run_dir``; ``tell`` is called with the title of each check before it runs.

    Raises:
        RunError: it cannot be judged; the text is one sentence for the user.
    """
    return summarise(load_history(run_dir), tell)


def summarise(history: History, tell: Callable[[str], None] = in_silence) -> Summary:
    """Judge a run that is in memory."""
    summary = _of_several_objects(history, tell) if history.info.objects else _of_one_object(history, tell)
    return with_places(history, summary, summarise)


def _of_several_objects(history: History, tell: Callable[[str], None]) -> Summary:
    """Each object by itself, and of all together what is not about versions."""
    together = run_checks(history, [check for check in CHECKS if check[0].id in OF_ALL_READS], tell)
    names = list(history.info.objects)
    parts = [summarise(history_of_object(history, number)) for number in range(len(names))]
    summary = of_objects(history, _run(history), together, parts)
    of_all = _with_thresholds(counted_together(summary, parts), history).thresholds
    return with_thresholds(summary, of_all, parts, names)


def _of_one_object(history: History, tell: Callable[[str], None]) -> Summary:
    checks = run_checks(history, CHECKS, tell)
    impact = history.once(measure_impact)
    consistency = history.once(measure_consistency)
    conditional = history.once(measure_conditional)
    questions = answer(checks, impact, consistency, conditional)
    found = {"impact": impact, "consistency": consistency, "conditional": conditional}
    summary = _with_thresholds(summary_of(history, _run(history), checks, questions, **found), history)
    addresses = len(history.info.addresses)
    if addresses > 1:
        summary = of_addresses(history, summary, [summarise(history.at(address)) for address in range(addresses)])
    return summary


def _with_thresholds(summary: Summary, history: History) -> Summary:
    """``summary`` with its thresholds judged; they count for the verdict."""
    try:
        results = evaluate(history.info.settings.thresholds, summary, history)
    except ThresholdError as error:  # of another version; this one checks the settings before a run
        raise RunError(f"The run was recorded with a threshold that cannot be judged: {error}") from None
    if history.info.missing:  # what holds for a part of the record need not hold for the whole
        results = tuple(
            replace(each, verdict=Verdict.INCONCLUSIVE, sentence=f"{missing_records(history)} {each.sentence}")
            if each.verdict is Verdict.PASS
            else each
            for each in results
        )
    return replace(summary, thresholds=results, verdict=worst([summary.verdict, *(each.verdict for each in results)]))


def _run(history: History) -> Run:
    info, reads = history.info, history.reads
    ended_ns = info.ended.at_ns
    return Run(
        id=info.run,
        started=info.started,
        origin_ns=history.origin_ns,
        duration_ns=history.once(duration_ns),
        reads=len(reads),
        writes=len(history.writes),
        windows=len(history.windows),
        workers=int(np.count_nonzero(history.once(reads_by_worker))),
        sessions=count_sessions(history.once(session_key), reads.sent),
        settings=info.settings.model_dump(
            mode="json", exclude=None if info.is_watched else {"writer", "watch_interval"}
        ),
        target=info.target,
        host=info.host,
        versions=info.versions,
        ended=Ended(
            info.ended.reason,
            None if ended_ns is None else ended_ns - history.origin_ns,
            info.ended.recovered,
            info.missing,
        ),
        source=None if info.source is None else Source(info.source.label, info.source.commit, info.source.branch),
    )
