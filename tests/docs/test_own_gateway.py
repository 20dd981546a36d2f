"""docs/own-read-model.md, "Your gateway": the settings are taken, and the commands give the run what the page says."""

import json
import re
from pathlib import Path

import pytest
from chosen_settings import options
from documented import PROJECT, blocks, given_to_locust

from loadtest.load.options.options import settings_from
from loadtest.target.finding import find_target
from stacks.config import ReadModelConfig

HEADING = "Your gateway"
KEY = "the-readers-key"
OUTPUTS = {
    "SamplesUrl": "https://abc123.execute-api.eu-central-1.amazonaws.com/v1/samples",
    "DocumentUrls": {"/samples": "https://abc123.execute-api.eu-central-1.amazonaws.com/v1/samples"},
    "S3BucketName": "shop-data-store",
    "ApiKey": KEY,
}


def test_the_settings_on_the_page_are_taken_and_serve_what_the_commands_ask_for() -> None:
    (block,) = blocks("own-read-model.md", language="json", heading=HEADING)
    config = ReadModelConfig(**json.loads(block.text))
    assert config.served["/shop/prices"] == "prices/today.json"
    assert config.domain_name == "data.example.com"


def test_a_run_reads_the_document_that_is_named_through_the_domain_with_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outputs.json").write_text(json.dumps({"shop": OUTPUTS}))
    (block,) = blocks("own-read-model.md", language="sh", heading=HEADING)
    arguments, variables = given_to_locust(block.text, tmp_path)
    key = variables["API_KEY"]
    assert key == KEY
    monkeypatch.setenv("API_KEY", key)
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    target = find_target(settings_from(options(*arguments)))
    assert target.url == "https://data.example.com/v1/shop/prices"
    assert (target.bucket, target.object_key) == ("shop-data-store", "prices/today.json")
    assert target.region == "eu-central-1", "where the outputs say that the bucket is"
    assert ("x-api-key", KEY) in {(name.lower(), value) for name, value in target.access.headers}


def test_the_constructs_that_the_page_names_exist() -> None:
    page = (PROJECT / "docs" / "own-read-model.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `stacks\.(\w+)` \| `(\w+)` \|", page, re.M)
    assert len(rows) == 5
    for module, construct in rows:
        assert f"class {construct}(Construct)" in (PROJECT / "stacks" / f"{module}.py").read_text(encoding="utf-8")
