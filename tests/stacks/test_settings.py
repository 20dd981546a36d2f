"""The settings: where they come from, what is refused and with which sentence, and that no others exist."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_settings import load, refusal

from stacks.config import ConfigError, ReadModelConfig, setting_names
from stacks.iam import partition_of

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("no_settings_from_outside")


def test_everything_has_a_default(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert (config.stack_name, config.data_store_name, config.object_key) == (
        "read-model",
        "read-model-data-store",
        "payload.json",
    )
    assert (config.mapping, config.endpoint_type, config.cache_ttl) == ("conditional", "regional", 0)
    assert config.create_access_key
    assert config.refuses_plain_http
    assert not (config.access_log or config.account_log_role or config.metrics or config.xray)
    assert not (config.versioning or config.force_destroy)


def test_the_project_s_own_cdktf_json_is_valid() -> None:
    assert ReadModelConfig.load(REPOSITORY / "cdktf.json").stack_name == "read-model"


def test_values_come_from_the_file(tmp_path: Path) -> None:
    assert load(tmp_path, cache_ttl=60, tags={"team": "samples"}).tags == {"team": "samples"}


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READMODEL_CACHE_TTL", "5")
    config = load(tmp_path, cache_ttl=60, stack_name="shop")
    assert (config.cache_ttl, config.stack_name) == (5, "shop")


def test_an_empty_variable_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READMODEL_AWS_ENDPOINT_URL", "")
    assert load(tmp_path).aws_endpoint_url is None


@pytest.mark.parametrize(
    ("variable", "text", "setting", "value"),
    [
        ("CORS_ORIGINS", "https://a.example, https://b.ex", "cors_origins", ("https://a.example", "https://b.ex")),
        ("CORS_ORIGINS", '["https://a.example"]', "cors_origins", ("https://a.example",)),
        ("TAGS", "team=samples,url=a=b", "tags", {"team": "samples", "url": "a=b"}),
        ("TAGS", '{"team": "samples"}', "tags", {"team": "samples"}),
        ("ACCESS_LOG_DAYS", "7", "access_log_days", 7),
        ("XRAY", "true", "xray", True),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000/", "aws_endpoint_url", "http://127.0.0.1:5000"),
        ("AWS_ENDPOINT_URL", "http://[::1]:5000", "aws_endpoint_url", "http://[::1]:5000"),
    ],
)
def test_variables_are_read_as_what_they_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, text: str, setting: str, value: object
) -> None:
    monkeypatch.setenv(f"READMODEL_{variable}", text)
    assert getattr(load(tmp_path), setting) == value


WRONG: dict[str, list[Any]] = {
    "region": ["eu-banana-1", "us-east", "us-east-0", "us-east-1\n", "Europe"],
    "state_region": ["https-east-1"],
    "tags": [{"Env": "a", "env": "b"}, {"aws:team": "samples"}, {"team": "<b>"}, "team"],
    "cache_ttl": [True, "1e3", "١٢", "1_0", float("nan"), 4000, -1, "soon"],
    "throttle_rate": [True, "١٢", 0, float("inf")],
    "throttle_burst": [True, 0],
    "access_log": ["perhaps"],
    "access_log_days": [True, 31],
    "stack_name": ["Read_Model", "x", "-shop", "a" * 47, "sthree-shop", 5],
    "bucket_name": ["ab", "My-Bucket", "a.b.c", "xn--bucket", "bucket-s3alias", "b" * 64],
    "object_key": ["/payload.json", "a//b", "a/../b", "payload*.json", "{proxy}", ""],
    "endpoint_type": ["private"],
    "mapping": ["full"],
    "cors_origins": [
        *(["https://www.example.org/"], ["https://www.example.org/shop"], ["www.example.org"]),
        *(["https://WWW.example.org"], ["*", "https://www.example.org"], ["https://a'b.example"]),
    ],
    "state_backend": ["consul"],
    "aws_endpoint_url": ["ftp://127.0.0.1", "http://127.0.0.1:99999", "http://127.0.0.1/path"],
}


@pytest.mark.parametrize(
    ("setting", "value"),
    [(setting, value) for setting, values in WRONG.items() for value in values],
    ids=lambda value: str(value)[:24],
)
def test_a_wrong_value_is_refused_in_one_sentence(tmp_path: Path, setting: str, value: Any) -> None:
    sentence = refusal(tmp_path, **{setting: value})
    assert setting in sentence
    assert repr(value) in sentence
    assert "allowed is" in sentence


def test_every_setting_says_what_is_allowed_and_what_it_does() -> None:
    for field in ReadModelConfig.model_fields.values():
        assert isinstance(field.json_schema_extra, dict)
        assert field.json_schema_extra["allowed"]
        assert field.description


def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    for scheme in ("http://", "http:/", "http//", ""):
        sentence = refusal(tmp_path, aws_endpoint_url=f"{scheme}me:secret@emulator:4566")
        assert "aws_endpoint_url" in sentence and "emulator" in sentence
        assert "secret" not in sentence
    assert "secret" not in refusal(tmp_path, aws_endpoint_url="https//secret@emulator:4566")
    assert "mail@shop.example" in refusal(tmp_path, cache_ttl="mail@shop.example")


@pytest.mark.parametrize(
    ("settings", "both"),
    [
        ({"cors_origins": ["*"], "mapping": "original"}, ("cors_origins", "original")),
        ({"cors_origins": ["*"], "mapping": "half"}, ("cors_origins", "half")),
        ({"throttle_rate": 5}, ("throttle_rate", "throttle_burst")),
        ({"throttle_burst": 5}, ("throttle_rate", "throttle_burst")),
        ({"state_backend": "s3"}, ("state_backend", "state_bucket")),
        ({"state_bucket": "our-states"}, ("state_bucket", "state_backend")),
        ({"state_key": "our/state"}, ("state_key", "state_backend")),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    tmp_path: Path, settings: dict[str, Any], both: tuple[str, str]
) -> None:
    sentence = refusal(tmp_path, **settings)
    assert all(name in sentence for name in both)


def test_an_unknown_setting_is_refused_and_the_nearest_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "did you mean cache_ttl?" in refusal(tmp_path, cache_tll=5)
    assert "docs/settings.md" in refusal(tmp_path, zzz=5)
    monkeypatch.setenv("READMODEL_STAK_NAME", "shop")
    assert "did you mean READMODEL_STACK_NAME?" in refusal(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, '{"context": []}', '{"context": {"readModel": 5}}'])
def test_an_unreadable_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cdktf.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"cdktf\.json"):
        ReadModelConfig.load(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        ReadModelConfig.load(tmp_path / "cdktf.json")


def test_plain_http_is_refused_unless_the_emulator_has_nothing_else() -> None:
    assert ReadModelConfig(aws_endpoint_url="https://emulator").refuses_plain_http
    assert not ReadModelConfig(aws_endpoint_url="http://emulator").refuses_plain_http
    assert ReadModelConfig(aws_endpoint_url="http://emulator", refuse_plain_http=True).refuses_plain_http
    assert not ReadModelConfig(refuse_plain_http=False).refuses_plain_http


@pytest.mark.parametrize(
    "region",
    ["eusc-de-east-1", "us-iso-east-1", "us-isob-west-1", "eu-isoe-west-1", "us-isof-south-1", "us-gov-west-1",
     "cn-northwest-1", "ap-southeast-7", "mx-central-1", "nz-north-1"],
)  # fmt: skip
def test_a_region_is_known_by_its_form(tmp_path: Path, region: str) -> None:
    assert load(tmp_path, region=region).region == region


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov"),
     ("eusc-de-east-1", "aws-eusc"), ("us-iso-east-1", "aws-iso"), ("us-isob-east-1", "aws-iso-b"),
     ("eu-isoe-west-1", "aws-iso-e"), ("us-isof-south-1", "aws-iso-f")],
)  # fmt: skip
def test_a_region_s_partition_is_the_one_that_aws_says(region: str, partition: str) -> None:
    assert partition_of(region) == partition
    told = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())["partitions"]
    assert [each["id"] for each in told if re.match(each["regionRegex"], region)] == [partition]


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TAGS", "Env=a,env=b"),
        ("TAGS", "a=b,a=c"),
        ("TAGS", '{"a": "b", "a": "c"}'),
        ("TAGS", "a=b, a=c"),
        ("TAGS", "{" * 3000),
        ("TAGS", '{"a":' * 100_000),
        ("CORS_ORIGINS", "[" * 3000),
        ("CORS_ORIGINS", "[" * 100_000 + "]" * 100_000),
        ("STACK_NAME", "a" * 100_000),
        ("STACK_NAME", "shop\x1b[2J\n\rWARNING"),
        ("REGION", "\u202eeu-central-1"),
        ("CACHE_TTL", "9" * 5000),
        ("THROTTLE_RATE", "1e999"),
    ],
    ids=lambda value: str(value)[:12].encode("unicode_escape").decode(),
)
def test_a_hostile_variable_gets_one_short_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(f"READMODEL_{variable}", text)
    sentence = refusal(tmp_path)
    assert sentence.startswith(f"Setting {variable.lower()} (READMODEL_{variable}) is ")
    assert len(sentence) < 900


def test_a_password_is_hidden_before_a_long_address_is_cut(tmp_path: Path) -> None:
    for address in (f"http://me:secret{'x' * 500}@emulator", "http://me:sec/secret@emulator"):
        assert "secret" not in refusal(tmp_path, aws_endpoint_url=address)
        assert "secret" not in refusal(tmp_path, cors_origins=[address])


@pytest.mark.parametrize("variable", ["A" * 100_000, "X\x1b[2J", "\u202eY"])
def test_an_unknown_setting_is_named_on_one_short_line(tmp_path: Path, variable: str) -> None:
    assert len(refusal(tmp_path, **{variable.lower(): 1})) < 600


def test_a_setting_that_comes_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cdktf.json"
    file.write_text('{"context": {"readModel": {"cache_ttl": 0, "cache_ttl": 60}}}')
    with pytest.raises(ConfigError, match="'cache_ttl' comes twice"):
        ReadModelConfig.load(file)


@given(st.sampled_from(sorted(set(setting_names()))), st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_any_variable_is_taken_or_refused_on_one_line(setting: str, text: str) -> None:
    import tempfile

    name = f"READMODEL_{setting.upper()}"
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, text)
        try:
            load(Path(folder))
        except ConfigError as error:
            assert setting in str(error)
            assert str(error).isprintable()


@given(st.sampled_from(sorted(set(setting_names()))), st.text() | st.integers() | st.none() | st.booleans())
def test_any_value_is_taken_or_refused_in_one_sentence(setting: str, value: Any) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        try:
            load(Path(folder), **{setting: value})
        except ConfigError as error:
            assert setting in str(error)
            assert "\n" not in str(error)


def test_synthesis_stops_at_a_wrong_setting_with_that_sentence_only() -> None:
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "main.py")],
        env={"PATH": "/nonexistent", "READMODEL_CACHE_TTL": "4000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "Setting cache_ttl (READMODEL_CACHE_TTL) is '4000', but allowed is a whole number of seconds from 0 to 3600.\n"
    )
