"""A disk that fills up while a run records: the writer says so, and the run is judged by what is there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from locust_process import OPEN, PROJECT, Run

from loadtest.project import locust_command
from loadtest.sandbox.process import RunningSandbox

_MAY_NOT_MOUNT = 77
_SCRIPT = f"""
mount -t tmpfs -o size=12m none "$DISK" || exit {_MAY_NOT_MOUNT}
when() {{ while [ ! -e "$NOW/$1" ]; do sleep 0.05; done; }}
(when full; cat /dev/zero > "$DISK/filler") 2>/dev/null &
"$@" &
run=$!
(when over; kill -TERM $run) 2>/dev/null &
wait $run
echo "exit code of the run: $?"
rm -f "$DISK/filler"
"$PYTHON" -m loadtest report "$DISK/run"
echo "exit code of the report: $?"
cp "$DISK/run/summary.json" "$DISK/run/report.md" "$NOW"
"""
"""What is to happen now is a file in the folder NOW, of which the disk knows nothing."""


@pytest.mark.slow
def test_a_full_disk_is_said_and_leaves_the_run_inconclusive(sandbox: RunningSandbox, tmp_path: Path) -> None:
    disk, now = tmp_path / "disk", tmp_path / "now"
    disk.mkdir()
    now.mkdir()
    locust = locust_command("--only-summary", "-u", "4", "-r", "4", "--outputs", str(sandbox.outputs_path), *OPEN)
    locust += ["--write-interval", "0.05", "--run-dir", str(disk / "run")]
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", _SCRIPT, "sh", *locust],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=PROJECT,
        env={
            **os.environ,
            "AWS_EC2_METADATA_DISABLED": "true",
            **{"DISK": str(disk), "NOW": str(now), "PYTHON": sys.executable},
        },
    )
    run = Run(Path(f"/proc/{process.pid}/root{disk}/run"), process)
    try:
        run.wait_until(lambda: process.poll() is not None or run.flushed() > 100)
        (now / "full").touch()
        if process.poll() is None:
            run.wait_until_said("nothing more is put until there is room")
    finally:
        (now / "full").touch()
        (now / "over").touch()
        output = run.wait().output
    if process.returncode == _MAY_NOT_MOUNT or "unshare" in output.partition("\n")[0]:
        pytest.skip("no file system may be mounted here")
    assert output.count("nothing more is put until there is room") == 1, output
    assert "No space left on device" in output
    assert "exit code of the run: 3" in output, output
    assert "exit code of the report: 3" in output, output
    assert "Traceback" not in output
    summary = json.loads((now / "summary.json").read_text())
    assert summary["verdict"] == "INCONCLUSIVE"
    assert "killed" not in summary["run"]["ended"]["reason"]
    assert "The run was killed" not in (now / "report.md").read_text()
