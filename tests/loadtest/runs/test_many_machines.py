"""Workers with another clock, with files of their own, or behind another network, judged as those beside the master."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from locust_process import Start
from other_hosts import OTHER_CLOCK, can, hiding, workers

from benchmarks.nginx import free_port
from loadtest.sandbox.process import RunningSandbox

needs_clocks = pytest.mark.skipif(not can(*OTHER_CLOCK, "-1"), reason="no time namespace can be made here")
needs_mounts = pytest.mark.skipif(not can("unshare", "-m"), reason="no mount namespace can be made here")


def master(port: int, count: int) -> tuple[str, ...]:
    return ("--master", "--expect-workers", str(count), "--master-bind-port", str(port))


@needs_clocks
@needs_mounts
def test_workers_of_other_hosts_take_part_as_those_beside_the_master(
    sandbox: RunningSandbox, start: Start, tmp_path: Path
) -> None:
    sandbox.set_fault("replica-lag", "off")
    port = free_port()
    far = (*hiding(tmp_path), *OTHER_CLOCK, "36000")
    with workers(port, far, (*OTHER_CLOCK, "-1"), ()):
        run = start(sandbox.outputs_path, *master(port, 3), run_time="6s").wait()
    assert "Traceback" not in run.output
    assert run.summary["run"]["ended"]["missing"] == [], run.output
    reads = pq.read_table(run.run_dir / "reads.parquet").to_pydict()
    by_worker = {worker: reads["worker"].count(worker) for worker in (0, 1, 2)}
    assert max(by_worker.values()) - min(by_worker.values()) <= 30, by_worker
    assert {check["id"] for check in run.summary["checks"] if check["verdict"] == "FAIL"} == set(), run.output
    assert run.check("fresh-reads")["verdict"] == "PASS", run.output
    assert "Clocks of other machines" in run.check("fresh-reads")["sentence"]
    assert not list(tmp_path.glob("**/*.reads"))


@needs_clocks
@needs_mounts
def test_lag_is_found_by_workers_of_other_hosts_alone(sandbox: RunningSandbox, start: Start, tmp_path: Path) -> None:
    sandbox.set_fault("replica-lag", "1000ms")
    port = free_port()
    with workers(port, (*hiding(tmp_path), *OTHER_CLOCK, "-1"), (*OTHER_CLOCK, "36000")):
        run = start(sandbox.outputs_path, *master(port, 2), run_time="6s").wait()
    assert run.code == 1, run.output
    fresh = run.check("fresh-reads")
    numbers = {number["name"]: number["value"] for number in fresh["numbers"]}
    assert fresh["verdict"] == "FAIL"
    assert numbers["staleness of the stalest read, at least"] <= 1_100_000_000
    assert numbers["staleness of the stalest read, at most"] >= 1_000_000_000
