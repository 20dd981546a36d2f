"""What a run says of a deployment that misbehaves: each finding appears with its fault, and only with it."""

import signal
from dataclasses import replace

from locust_process import Start

from loadtest.judge.analyse import summarise
from loadtest.run.loading import load_history
from loadtest.run.records import Verdict
from loadtest.sandbox.process import RunningSandbox


def test_a_replica_that_lags_300_ms_gives_stale_reads_that_bracket_it(sandbox: RunningSandbox, start: Start) -> None:
    sandbox.set_faults({"replica-lag": "300ms", "latency": "off"})
    run = start(sandbox.outputs_path, "--write-interval", "0.6", run_time=None)
    run.wait_until_recorded(reads=400, writes=6)
    run.signal(signal.SIGTERM).wait()
    assert run.code == 1, run.output
    assert run.question("freshness")["verdict"] == "FAIL"
    finding = run.check("fresh-reads")
    assert finding["verdict"] == "FAIL"
    assert finding["witnesses"]
    windows = [window for window in run.summary["consistency"]["windows"] if not window["censored"]]
    assert windows
    longest = [window["last_stale_ns"] for window in windows if window["last_stale_ns"] is not None]
    assert 150e6 < max(longest) < 300e6, "the last stale read was called within the lag"
    first = [w["first_visible_ns"] + w["put_ns"] for w in windows if w["first_visible_ns"] is not None]
    assert 300e6 <= min(first) < 600e6, "the first fresh read came after the lag"
    for name in ("whole", "conditional"):
        assert run.question(name)["verdict"] != "FAIL"

    history = load_history(run.run_dir)
    tolerant = history.info.settings.model_copy(update={"max_staleness": 1.0})
    tolerated = summarise(
        replace(history, info=history.info.model_copy(update={"settings": tolerant}), _made={}, _being_made={})
    )
    (freshness,) = (question for question in tolerated.questions if question.id == "freshness")
    assert freshness.verdict is Verdict.PASS, "a tolerated staleness is not a failure"
