"""Two objects in one real run: one lags and FAILs alone, a killed run has both put back."""

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest
from locust_process import LATENCY, PROJECT, Start
from own_document import MINE, Mine
from warm_python import QuickSandbox

from loadtest.__main__ import main
from loadtest.run.loading import load_history
from loadtest.sandbox.process import RunningSandbox
from loadtest.target import putting_back

SYNTH = PROJECT / "tests" / "sandbox" / "synth" / "documents.tf.json"
KEYS = ("payload.json", "prices.json")
OBJECTS = ("--samples-path", "/v1/samples weight=2", "--samples-path", "/_cdn/v1/prices key=prices.json")


class Owned:
    """The objects as their owner has them."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        sandbox.enforce_iam(False)
        self._objects = [Mine(sandbox, key) for key in KEYS]
        for one in self._objects:
            one.put()

    def are_as_they_were(self) -> bool:
        return all(one.body() == MINE and one.is_as_it_was() for one in self._objects)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, quick_sandbox: QuickSandbox) -> Iterator[RunningSandbox]:
    """A stack of three documents, without its cache."""
    synth = tmp_path_factory.mktemp("shop") / "cdk.tf.json"
    synth.write_text(SYNTH.read_text().replace('"caching_enabled": true', '"caching_enabled": false'))
    with quick_sandbox(synth) as sandbox:
        yield sandbox


@pytest.mark.slow
def test_the_object_that_lags_fails_alone_and_both_are_put_back(shop: RunningSandbox, start: Start) -> None:
    owned = Owned(shop)
    shop.set_faults({"cdn": "ttl400ms", "latency": LATENCY})
    run = start(shop.outputs_path, *OBJECTS, "--processes", "2", run_time=None)
    run.wait_until_recorded(reads=800, writes=20)
    run.signal(signal.SIGTERM).wait()
    shop.clear_faults()
    assert run.code == 1, run.output
    assert "Traceback" not in run.output
    rows = {row["object_key"]: row for row in run.summary["objects"]}
    assert list(rows) == list(KEYS)
    samples, prices = ({answer["id"]: answer["verdict"] for answer in row["answers"]} for row in rows.values())
    assert (samples["whole"], samples["freshness"], samples["conditional"]) == ("PASS", "PASS", "PASS"), rows
    assert prices["freshness"] == "FAIL" and prices["whole"] != "FAIL", rows
    assert run.question("freshness")["sentence"].startswith("prices.json: ")
    assert rows["payload.json"]["stale_reads"] == 0 < rows["prices.json"]["stale_reads"]
    assert 0.1e9 < rows["prices.json"]["largest_staleness_ns"] < 0.6e9
    samples_due, prices_due = np.bincount(load_history(run.run_dir).reads.address)
    assert samples_due == pytest.approx(2 * prices_due, rel=0.05)
    assert [row["of_other_objects"] for row in rows.values()] == [0, 0]
    assert run.description["format"] == 4
    assert owned.are_as_they_were(), run.output


@pytest.mark.slow
def test_both_are_put_back_after_everything_was_killed(
    shop: RunningSandbox, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(putting_back, "CONFIRMING_PAUSES_S", (0.1,))
    owned = Owned(shop)
    run = start(shop.outputs_path, *OBJECTS, run_time=None)
    run.wait_until_recorded(200)
    os.killpg(run.process.pid, signal.SIGKILL)
    run.wait()
    assert not owned.are_as_they_were()
    assert main(["restore", str(run.run_dir)]) == 0
    assert owned.are_as_they_were()
