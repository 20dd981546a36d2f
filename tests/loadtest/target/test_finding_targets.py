"""Where a run reads and writes, or why not in one sentence; and that only this project's sandbox is called one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from chosen_settings import BESIDE, OUTPUTS, SECRET, options, target

from loadtest.errors import UsageError
from loadtest.load.options.options import settings_from
from loadtest.sandbox.marker import ADMIN_PATH, identified
from loadtest.target.finding import Target, find_target
from tests.targets.odd_store import running_odd_store


def test_outputs_alone_are_enough(tmp_path: Path) -> None:
    found = target(tmp_path, outputs=OUTPUTS)
    assert found.url == OUTPUTS["read-model"]["SamplesUrl"]
    assert found.bucket == "read-model-data-store"
    assert found.region == "eu-west-1"
    assert found.kind == "aws"
    assert found.s3_endpoint_url is None
    assert found.credentials is not None
    assert found.credentials.secret_access_key == SECRET


def test_an_emulator_is_recognized_by_its_address(tmp_path: Path) -> None:
    url = "http://127.0.0.1:4000/_aws/execute-api/abc/v1/samples"
    found = target(tmp_path, outputs={"s": {"SamplesUrl": url, "S3BucketName": "bucket"}})
    assert found.s3_endpoint_url == "http://127.0.0.1:4000"
    assert found.kind == "other"  # until the sandbox itself has said that it is one
    assert found.credentials is None  # the standard AWS chain is asked


def test_a_host_comes_before_the_outputs(tmp_path: Path) -> None:
    found = target(tmp_path, "--host", "https://example.org/", outputs=OUTPUTS)
    assert found.url == "https://example.org/v1/samples"
    assert found.bucket == "read-model-data-store"
    assert target(tmp_path, "--host", "http://h", "--bucket", "b", "--samples-path", "x").url == "http://h/x"


OF_TERRAFORM = {
    name: {"sensitive": "Secret" in name, "type": "string", "value": value}
    for name, value in OUTPUTS["read-model"].items()
}
OF_NEITHER = (
    *([1, 2], {"SamplesUrl": "http://h"}, {"s": {"Other": "x"}}, {"s": {"SamplesUrl": 3}}),
    *({"SamplesUrl": {"sensitive": False, "value": value}} for value in (3, ["http://h"])),
    *({"SamplesUrl": {"sensitive": False}}, {"Other": {"sensitive": False, "value": "x"}}),
)


@pytest.mark.parametrize(
    ("arguments", "outputs", "sentence"),
    [
        ([], None, "There is nothing to read: no address was given and there is no "),
        (
            ["--host", "http://h"],
            None,
            "no bucket to write to: there is no outputs file; give --bucket, or --writer none",
        ),
        (["--host", "http://h"], {"s": {"SamplesUrl": "http://h"}}, "outputs.json names none; give --bucket"),
        ([], "{not json", "cannot be read as JSON"),
        ([], "[" * 100_000, "nested too deep"),
        *(([], outputs, "does not look like the outputs of cdktf deploy") for outputs in OF_NEITHER),
        ([], {"s": {"SamplesUrl": "ftp://h", "S3BucketName": "b"}}, "SamplesUrl is 'ftp://h'"),
        ([], {"a": OUTPUTS["read-model"], "b": {}}, "holds the stacks a, b: say which one with --stack"),
        (["--stack", "c"], OUTPUTS, "holds no stack 'c', but read-model"),
        (["--stack", "read-model"], OF_TERRAFORM, "name no stack: leave --stack read-model out"),
    ],
)
def test_a_target_that_cannot_be_found_gets_one_sentence(
    tmp_path: Path, arguments: list[str], outputs: object, sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        target(tmp_path, *arguments, outputs=outputs)
    assert sentence in str(caught.value)
    assert SECRET not in str(caught.value)


def test_outputs_of_terraform_are_read_like_those_of_cdktf(tmp_path: Path) -> None:
    assert target(tmp_path, outputs=OF_TERRAFORM) == target(tmp_path, outputs=OUTPUTS)


@pytest.mark.parametrize("named", ["typo.json", "/dev/zero", "o" * 5000, "."])
def test_an_outputs_file_that_was_named_is_there_and_is_a_file(
    tmp_path: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for by_option in (True, False):
        if not by_option:
            monkeypatch.setenv("LOCUST_OUTPUTS", named)
        with pytest.raises(UsageError) as caught:
            find_target(settings_from(options(*(("--outputs", named) if by_option else ()), *BESIDE)))
        assert named[:150] in str(caught.value)
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize("named", [(), ("--outputs", "none"), ("--outputs", "none.json"), ("--outputs", "")])
def test_only_the_default_may_be_missing_unless_none_is_wanted(
    tmp_path: Path, named: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_target(settings_from(options(*named, *BESIDE))).url == "http://h/v1/samples"


@pytest.mark.parametrize(
    "host",
    ["https://abc123.execute-api.eusc-de-east-1.amazonaws.eu", "https://abc123.execute-api.us-iso-east-1.c2s.ic.gov",
     "https://abc123.execute-api.cn-north-1.amazonaws.com.cn"],
)  # fmt: skip
def test_the_region_of_a_host_is_known_in_every_partition(tmp_path: Path, host: str) -> None:
    found = target(tmp_path, "--outputs", "none", "--host", host, "--bucket", "b")
    assert found.kind == "aws"
    assert found.region == host.split(".")[2]


@pytest.mark.parametrize(
    "answer", ["200|{}", "404|gone", "200|[]", "200|not json", '200|{"what": "AWS"}', "200|" + "[" * 5000]
)
def test_another_store_on_loopback_is_no_sandbox(answer: str) -> None:
    with running_odd_store(getfail=answer) as odd:
        odd.hold(json.dumps({"what": "a document"}).encode())
        for url in (f"{odd.url}/v1/samples", f"{odd.url}/_aws/execute-api/abc/prod/v1/samples"):
            target = identified(Target(url, "bkt", "payload.json", "us-east-1", odd.url, None))
            assert (target.is_sandbox, target.kind) == (False, "other")
            assert target.public()["s3_endpoint_url"] == odd.url
        assert ADMIN_PATH in {request.target for request in odd.requests}


def test_a_target_that_looks_like_no_emulator_is_not_asked() -> None:
    with running_odd_store() as odd:
        target = Target(f"{odd.url}/v1/samples", "bkt", "payload.json", "us-east-1", None, None)
        assert not identified(
            replace(target, s3_endpoint_url="https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com")
        ).is_sandbox
        assert not odd.requests
