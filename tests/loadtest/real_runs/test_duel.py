"""A real duel of two sandboxes: two runs that are whole, read in turns, and leave both documents as they were."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import numpy as np
import pytest
from locust_process import PROJECT, SHORT
from own_document import Mine
from warm_locust import WarmLocust, WarmRun, arguments_of
from warm_python import QuickSandbox

from loadtest.__main__ import main
from loadtest.load.duelling import duelling
from loadtest.run.loading import load_history
from loadtest.sandbox.process import RunningSandbox


@pytest.mark.slow
def test_both_runs_are_whole_and_never_read_at_a_time(
    sandbox: RunningSandbox,
    synthesized: dict[str, Path],
    warm_locust: WarmLocust,
    quick_sandbox: QuickSandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def begin(command: list[str], *, stdout: IO[bytes], env: dict[str, str], **_: Any) -> WarmRun:
        return warm_locust.start(arguments_of(command), PROJECT, env, errors=stdout)

    monkeypatch.setattr(duelling, "subprocess", SimpleNamespace(**vars(subprocess) | {"Popen": begin}))
    with quick_sandbox(synthesized["conditional"], faults={"latency": "30ms"}) as slow:
        for one in (sandbox, slow):
            one.enforce_iam(False)
        mine = [Mine(one) for one in (sandbox, slow)]
        for owner in mine:
            owner.put()
        given = [str(sandbox.outputs_path), str(slow.outputs_path), "--run-time", "6", "--users", "30", *SHORT]
        code = main(["duel", *given, "--output", str(tmp_path / "duel")])
        assert all(owner.is_as_it_was() for owner in mine)
        sandbox.enforce_iam(True)
    said = capsys.readouterr()
    assert code in (1, 3), said.err  # a busy machine may leave it undecided, and never passes it
    assert "Response time while quiet, p50" in said.out
    for log in tmp_path.glob("duel/*.log"):
        assert "Traceback" not in log.read_text()
    runs = [load_history(tmp_path / f"duel-{side}") for side in ("base", "new")]
    base, new = (set((run.windows.start_ns // 500_000_000).tolist()) for run in runs)
    assert base and new and not base & new
    for run in runs:
        assert not run.info.missing
        due = run.reads.scheduled_ns[run.reads.sent]
        others = runs[1 - runs.index(run)].windows
        place = np.searchsorted(others.start_ns, due, side="right") - 1
        assert not np.any((place >= 0) & (due < others.end_ns[place]))
        assert json.loads((tmp_path / f"duel-{run.info.plan.side}" / "summary.json").read_text())["run"]
