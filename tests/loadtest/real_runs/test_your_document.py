"""The document that was there before a run is there after it, however the run ends; and what a run says of its writer.

The runs are few and short: each shows several things at once.
"""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from locust_process import Run, Start, report
from own_document import KEY, MINE, Mine, documents_like_mine

from loadtest.__main__ import main
from loadtest.sandbox.process import RunningSandbox
from loadtest.target.kept_document import is_owed


def puts(sandbox: RunningSandbox) -> int:
    """How often the object was replaced, by the sandbox's own count."""
    return int(next(held for held in sandbox.state()["objects"] if held["key"] == KEY)["published"])


def without_key(sandbox: RunningSandbox, tmp_path: Path) -> Path:
    """The sandbox's outputs without the writer's key, so that the standard AWS chain is asked."""
    content = {name: value for name, value in sandbox.outputs().items() if not name.startswith("DataStore")}
    (tmp_path / "keyless.json").write_text(json.dumps({"read-model": content}))
    return tmp_path / "keyless.json"


def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").write_text(content)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


def stamped(folder: Path, *pointers: str) -> list[str]:
    options = [part for path in documents_like_mine(folder, 3) for part in ("--document", path)]
    return options + [part for pointer in pointers for part in ("--stamp", pointer)]


def children(pid: int) -> dict[int, str]:
    """The processes that ``pid`` has started: their numbers and command lines."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found[int(path.name)] = (path / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found


def writer_of(run: Run) -> int:
    return next(pid for pid, command in children(run.process.pid).items() if "loadtest.load.writer" in command)


@pytest.mark.slow
def test_credentials_that_end_in_mid_run(
    sandbox: RunningSandbox, mine: Mine, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the PUTs that follow was sent: they overlap no read, and nobody is told that all was well."""
    count, over = tmp_path / "asked", tmp_path / "over"
    helper = tmp_path / "helper.py"
    helper.write_text(
        "import datetime, json, pathlib, sys\n"
        f"count = pathlib.Path({str(count)!r})\n"
        "asked = len(count.read_text()) if count.exists() else 0\n"
        "count.write_text('x' * (asked + 1))\n"
        f"if pathlib.Path({str(over)!r}).exists(): sys.exit(1)\n"
        "soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': 'ASIAEXAMPLE', 'SecretAccessKey': 'SECRETOFNOBODY',\n"
        "                  'SessionToken': 'TOKENOFNOBODY', 'Expiration': soon.isoformat()}))\n"
    )
    profile(tmp_path, monkeypatch, f"[default]\ncredential_process = {sys.executable} {helper}\n")
    run = start(without_key(sandbox, tmp_path), run_time=None)
    run.wait_until_recorded(writes=4)
    over.touch()
    run.wait_until(lambda: run.journal().count('"outcome": 1') > 10)  # refused
    run.signal(signal.SIGTERM).wait()
    assert run.code == 3, run.output
    assert "PUTs fail: CredentialRetrievalError" in run.output
    assert len(count.read_text()) > 8, "it is asked again and again"
    outcomes = {row["outcome"]: row["count"] for row in run.summary["availability"]["write_outcomes"]}
    assert outcomes.get("refused", 0) >= 2
    assert outcomes.get("unknown", 0) == 0
    said = (run.run_dir / "report.md").read_text()
    assert "Writing stopped" in said
    assert "CredentialRetrievalError" in said
    assert run.check("assumptions")["verdict"] == "INCONCLUSIVE"
    assert not any(secret in run.output + said for secret in ("SECRETOFNOBODY", "TOKENOFNOBODY", "ASIAEXAMPLE"))
    assert "cannot be written: CredentialRetrievalError" in run.output  # it is not put back without a key
    assert is_owed(run.run_dir)
    assert "still keeps the document" in report(run.run_dir).stderr
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert main(["restore", str(run.run_dir)]) == 0
    assert mine.is_as_it_was()
    assert "still keeps the document" not in report(run.run_dir).stderr


@pytest.mark.slow
def test_a_writer_that_is_killed_is_told_and_the_document_is_put_back_after_ctrl_c_twice(
    sandbox: RunningSandbox, mine: Mine, start: Start, tmp_path: Path
) -> None:
    own = stamped(tmp_path / "own", "/meta/revision", "/meta/by")  # a number and text
    run = start(sandbox.outputs_path, *own, run_time=None)
    run.wait_until_recorded(200)
    assert json.loads(mine.body())["meta"]["by"].startswith("loadtest-")
    assert mine.is_served_as_it_was()
    os.kill(writer_of(run), signal.SIGKILL)
    run.wait_until(lambda: bool(run.description.get("writer")))
    assert run.description["writer"][0]["trouble"] == "the writer ended: it was killed (SIGKILL)"
    assert run.process.poll() is None  # the readers go on
    os.killpg(run.process.pid, signal.SIGINT)
    time.sleep(0.3)
    os.killpg(run.process.pid, signal.SIGINT)
    run.wait()
    assert "riting stopped after " in run.output
    assert "was killed (SIGKILL)" in run.output
    assert run.code == 3, run.output
    assert report(run.run_dir).returncode == 3  # the second Ctrl-C may have come before the reports were written
    assert "the writer ended: it was killed (SIGKILL)" in run.check("assumptions")["sentence"]
    assert run.check("whole-bodies")["found"] == 0
    assert run.summary["run"]["settings"]["documents"].startswith("3 of your own, ")
    assert mine.is_as_it_was(), run.output
    assert not is_owed(run.run_dir)


@pytest.mark.slow
def test_a_key_that_may_not_read_keeps_by_the_address_and_puts_back_after_sigterm(
    sandbox: RunningSandbox, mine: Mine, start: Start
) -> None:
    sandbox.enforce_iam()
    run = start(sandbox.outputs_path, run_time=None)
    run.wait_until_recorded(200)
    run.signal(signal.SIGTERM).wait()
    assert f"document at s3://{sandbox.outputs()['S3BucketName']}/{KEY} ({len(MINE)} bytes) is kept" in run.output
    assert "is put back as it was before the run" in run.output
    sandbox.enforce_iam(False)
    assert mine.body() == MINE
    assert run.summary["run"]["target"]["s3_endpoint_url"] == sandbox.url


@pytest.mark.slow
def test_the_document_survives_that_everything_is_killed(
    sandbox: RunningSandbox, mine: Mine, start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``restore`` puts it back, or the next run does, and then ``restore`` of the killed one is right, too.

    The killed ones publish documents that do not prove themselves: with a number for a stamp, and as they are.
    """
    killed = start(sandbox.outputs_path, *stamped(tmp_path / "own", "/meta/revision"), run_time=None)
    killed.wait_until_recorded(200)
    for pid in (*children(killed.process.pid), killed.process.pid):
        os.kill(pid, signal.SIGKILL)
    killed.process.communicate()
    left = mine.body()
    assert left != MINE
    assert is_owed(killed.run_dir)
    again = Path(shutil.copytree(killed.run_dir, tmp_path / "again"))
    assert main(["restore", str(killed.run_dir)]) == 0
    assert mine.is_as_it_was()
    mine.put(left)  # as if that had not been done: the copy knows of it still
    documents_like_mine(tmp_path / "few", 6)
    run = start(sandbox.outputs_path, "--documents", str(tmp_path / "few"), run_time=None).wait()
    assert "All 6 documents have been published, so the run ends here." in run.output
    assert run.summary["run"]["settings"]["documents"].endswith(" bytes, as they are")
    assert f"The load test in {again} has not put back the document" in run.output
    assert mine.is_as_it_was()
    assert not is_owed(again)
    assert not is_owed(run.run_dir)
    capsys.readouterr()
    assert main(["restore", str(again)]) == 0
    assert "is as it was before the run" in capsys.readouterr().err

    documents_like_mine(tmp_path / "folder", 300)
    killed = start(sandbox.outputs_path, "--documents", str(tmp_path / "folder"), run_time=None)
    killed.wait_until_recorded(200)
    for pid in (*children(killed.process.pid), killed.process.pid):
        os.kill(pid, signal.SIGKILL)
    killed.process.communicate()
    assert json.loads(mine.body())["meta"] == {"revision": 17, "by": "ä"}
    assert main(["restore", str(killed.run_dir)]) == 0
    assert mine.is_as_it_was()


@pytest.mark.slow
def test_a_run_that_never_writes_sends_no_put(sandbox: RunningSandbox, mine: Mine, start: Start) -> None:
    before = puts(sandbox)
    run = start(sandbox.outputs_path, "--write-interval", "0", run_time="2s").wait()
    assert run.code in (0, 3), run.output
    assert run.summary["run"]["reads"] > 100
    assert puts(sandbox) == before
    assert mine.is_as_it_was()
    assert not (run.run_dir / "kept").exists()
    assert run.question("whole")["verdict"] != "FAIL"


def test_a_profile_that_asks_for_a_code_where_nobody_can_type(
    sandbox: RunningSandbox, mine: Mine, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (
        "[default]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n"
        "mfa_serial = arn:aws:iam::111122223333:mfa/me\n"
        "[profile base]\naws_access_key_id = base\naws_secret_access_key = SECRETOFBASE\n"
    )
    profile(tmp_path, monkeypatch, content)
    run = start(without_key(sandbox, tmp_path), python=Path(sys.executable)).wait()  # botocore is told how to ask
    assert run.code == 2, run.output
    assert "MfaNeedsTerminalError" in run.output
    assert "aws sts get-session-token" in run.output
    assert "Traceback" not in run.output
    assert "SECRETOFBASE" not in run.output
    assert mine.is_as_it_was()
    assert not run.run_dir.exists()
