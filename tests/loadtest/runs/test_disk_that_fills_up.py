"""A disk that fills up while a run records: the writer says so, and the run is judged by what is there."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from locust_process import PROJECT, SHORT

from loadtest.project import locust_command
from loadtest.sandbox.process import RunningSandbox

_MAY_NOT_MOUNT = 77
_SCRIPT = f"""
mount -t tmpfs -o size=12m none "$1" || exit {_MAY_NOT_MOUNT}
(while [ ! -e "$2" ]; do sleep 0.05; done; cat /dev/zero > "$1/filler") 2>/dev/null &
shift 2
"$@"
code=$?
echo "exit code of the run: $code"
rm -f "$DISK/filler"
"$PYTHON" -m loadtest report "$DISK/run"
echo "exit code of the report: $?"
cp "$DISK/run/summary.json" "$DISK/run/report.md" "$DISK/.."
"""


@pytest.mark.slow
def test_a_full_disk_is_said_and_leaves_the_run_inconclusive(sandbox: RunningSandbox, tmp_path: Path) -> None:
    disk, now = tmp_path / "disk", tmp_path / "now"
    disk.mkdir()
    locust = locust_command()
    locust += [
        "--only-summary",
        "-u",
        "4",
        "-r",
        "4",
        "-t",
        "6s",
        "--outputs",
        str(sandbox.outputs_path),
        *SHORT,
        "--write-interval",
        "0.02",
    ]
    locust += ["--run-dir", str(disk / "run")]
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", _SCRIPT, "sh", str(disk), str(now), *locust],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "AWS_EC2_METADATA_DISABLED": "true", "DISK": str(disk), "PYTHON": sys.executable},
    )
    seen = Path(f"/proc/{process.pid}/root{disk}/run/spool")
    for _ in range(600):
        if process.poll() is not None or list(seen.glob("*.reads")):
            break
        time.sleep(0.05)
    time.sleep(1)
    now.touch()
    output, _ = process.communicate(timeout=90)
    if process.returncode == _MAY_NOT_MOUNT or "unshare" in output.partition("\n")[0]:
        pytest.skip("no file system may be mounted here")
    assert output.count("nothing more is put until there is room") == 1, output
    assert "No space left on device" in output
    assert "exit code of the run: 3" in output, output
    assert "exit code of the report: 3" in output, output
    assert "Traceback" not in output
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["verdict"] == "INCONCLUSIVE"
    assert "killed" not in summary["run"]["ended"]["reason"]
    assert "The run was killed" not in (tmp_path / "report.md").read_text()
