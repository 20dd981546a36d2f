"""No part of an address or a key that is secret reaches a listener, a sentence, a log, a page, or a file."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from chosen_settings import options
from locust_readers import a_reader, plan_for

from loadtest.__main__ import main
from loadtest.cleaned import secrets_of
from loadtest.errors import UsageError
from loadtest.load.preparing.never_writing import take_what_is_there
from loadtest.load.reading.recorder import NO_SESSION, Recorder
from loadtest.run.plan import Plan
from loadtest.run.records import NO_VERSION, ReadOutcome
from loadtest.run.spool.spool_format import NO_ETAG, load_lines
from loadtest.target.finding import Target
from loadtest.target.preflight import read_address
from loadtest.target.s3_store import S3Store, secrets_in
from loadtest.target.store_interface import StoreError
from loadtest.target.what_to_keep import beginning
from tests.loadtest.http1.targets import answer, answering

SECRET, PASSWORD = "KEY-THAT-IS-SECRET", "PASSWORD-THAT-IS-SECRET"
URL = f"http://user:{PASSWORD}@127.0.0.1:9/v1/samples?key={SECRET}"
ECHOED = f"the key {SECRET} of {URL} is not known".encode()
NO_SUCH_KEY = answer(ECHOED, f"X-Echo: {ECHOED.decode()}", status="401 No")


def with_secret(url: str) -> str:
    return url.replace("http://", f"http://user:{PASSWORD}@") + f"?key={SECRET}"


def test_listeners_of_locusts_requests_are_told_no_secret(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    with answering(NO_SUCH_KEY) as target, a_reader(plan_for(with_secret(target.url), tmp_path)) as reader:
        listen = reader.environment.events.request.add_listener
        listen(lambda **meta: told.append(meta | {"at": meta["response"].url}))
        reader.read()
    (meta,) = told
    assert meta["url"] == meta["at"] == f"{target.url}?key=…"
    assert not holds_secret(str(meta))


def holds_secret(text: str) -> bool:
    return SECRET in text or PASSWORD in text


@pytest.mark.parametrize("command", ["report", "compare", "restore", "probe"])
def test_an_address_where_none_belongs_is_not_echoed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "run", "other", f"--nonsense={URL}", URL])
    assert not holds_secret("".join(capsys.readouterr()))


def test_a_mistyped_option_of_locust_does_not_echo_its_address(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options("--s3-endpont-url", URL)
    assert not holds_secret("".join(capsys.readouterr()))


def test_what_a_target_says_before_a_run_is_passed_on_without_the_secret_that_it_echoes(tmp_path: Path) -> None:
    with answering(NO_SUCH_KEY) as serving:
        target = Target(with_secret(serving.url), "bkt", "payload.json", "us-east-1", None, None)
        with pytest.raises(UsageError, match="answered 401") as never:
            take_what_is_there(tmp_path, tmp_path / "journal", target)

        looked = {"looked": "denied", "error": "AccessDenied (HTTP 403)"}
        with pytest.raises(UsageError, match="answered 401") as kept:
            beginning(looked, target, lambda: read_address(target), overwrite=False)
    assert not holds_secret(str(never.value) + str(kept.value))


def test_a_request_id_that_echoes_the_address_is_kept_without_it(tmp_path: Path) -> None:
    plan = plan_for(URL, tmp_path)
    recorder = Recorder(plan)
    now = time.monotonic_ns()
    outcome = ReadOutcome.SERVER_ERROR
    recorder.record(NO_SESSION, now, now, now, 500, NO_VERSION, NO_ETAG, NO_ETAG, 0, outcome, f"id-{SECRET}-{PASSWORD}")
    recorder.close()
    (requests,) = tmp_path.glob("spool/*.requests")
    assert load_lines(requests)[0][2] == "id-…-…"


@pytest.mark.parametrize("endpoint", [f"user:{PASSWORD}@host:80", f"http://user:{PASSWORD}@ho st/?key={SECRET}"])
def test_an_endpoint_that_boto3_refuses_is_not_quoted_with_its_secret(endpoint: str) -> None:
    orders = {"bucket": "b", "object_key": "k", "region": "us-east-1", "s3_endpoint_url": endpoint}
    with pytest.raises(StoreError) as caught:
        S3Store({**orders, "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "secret-of-nobody"})
    assert not holds_secret(str(caught.value))
    assert {*secrets_of(endpoint), SECRET} <= set(secrets_in({**orders, "secrets": [SECRET]}))


def test_no_secret_is_in_how_a_plan_or_a_target_looks_in_a_traceback(tmp_path: Path) -> None:
    plan = plan_for(URL, tmp_path)
    target = Target(URL, "bkt", "payload.json", "us-east-1", URL, None)
    assert not holds_secret(repr(plan) + repr(target) + json.dumps(target.public()))
    assert Plan(**plan.message()) == plan
