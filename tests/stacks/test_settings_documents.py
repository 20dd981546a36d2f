"""The settings of documents, keys, domain and web ACL: what is taken, and the sentence for what is not."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stack_variants import CERTIFICATE, WEB_ACL, ZONE
from written_settings import load, refusal

from stacks.config import ReadModelConfig

HERE = CERTIFICATE.format("us-east-1")
KEYED = {"api_key_required": True}
DOMAIN = {"domain_name": "api.example.org", "domain_certificate_arn": HERE}
pytestmark = pytest.mark.usefixtures("no_settings_from_outside")


def test_without_documents_there_is_the_one(tmp_path: Path) -> None:
    assert load(tmp_path).served == {"/samples": "payload.json"}
    assert load(tmp_path, object_key="a/b.json").served == {"/samples": "a/b.json"}
    assert load(tmp_path, documents={}).served == {"/samples": "payload.json"}


@pytest.mark.parametrize(
    "text",
    [
        '{"/samples": "payload.json", "/shop/prices": "prices.json"}',
        "/samples=payload.json,/shop/prices=prices.json",
        " /samples=payload.json , /shop/prices=prices.json,",
    ],
)
def test_documents_from_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("READMODEL_DOCUMENTS", text)
    assert load(tmp_path).served == {"/samples": "payload.json", "/shop/prices": "prices.json"}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *[
            ("documents", {path: "a.json"})
            for path in ("samples", "/", "", "//a", "/a/", "/a//b", "/a b", "/{id}", "/{proxy+}", "/a?b", "/ä", "/a\n")
        ],
        *[("documents", {path: "a.json"}) for path in ("/.", "/a/..", "/ping", "/sping", "/" + "a" * 256, "/a:b")],
        *[("documents", {"/a": key}) for key in ("", "/a", "a//b", "a*", "{x}", "..", "a" * 513, 5, None)],
        ("documents", ["/a"]),
        ("documents", "/a"),
        ("documents", "/a=b,/a=c"),
        ("documents", "/a=b, /a=c"),
        ("documents", 5),
        ("api_key_required", "perhaps"),
        ("key_throttle_rate", 0),
        ("key_throttle_rate", True),
        ("key_throttle_burst", 0),
        ("key_throttle_burst", 1.5),
        ("key_quota", 0),
        ("key_quota_period", "year"),
        *[("domain_name", name) for name in ("localhost", "API.example.org", "*.example.org", "a..b", "10.0.0.1")],
        *[("domain_name", name) for name in ("https://a.example", "a.example/", "a.example.", "a." * 130 + "org")],
        *[("domain_name", name) for name in ("a_b.c", "-a.b", "a-.b")],
        *[("domain_certificate_arn", arn) for arn in ("certificate", HERE + "\n", HERE + "/x")],
        *[("domain_certificate_arn", HERE.replace(*parts)) for parts in (("acm", "iam"), ("us-east-1", ""))],
        ("domain_zone_id", "/hostedzone/Z1"),
        ("domain_zone_id", "z1"),
        *[("domain_base_path", path) for path in ("", "/shop", "a/b", "ping", "..", "a" * 129)],
        ("web_acl_arn", WEB_ACL.replace("regional", "global")),
        ("web_acl_arn", WEB_ACL.replace("wafv2", "waf-regional")),
        ("web_acl_arn", "shop"),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_a_wrong_value_is_refused_in_one_sentence(tmp_path: Path, setting: str, value: Any) -> None:
    sentence = refusal(tmp_path, **{setting: value})
    assert sentence.startswith(f"Setting {setting} (READMODEL_{setting.upper()}) is ")
    assert "allowed is" in sentence


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"documents": {"/a": "a.json"}, "object_key": "b.json"}, ("object_key", "documents")),
        ({"documents": {"/a": "a.json"}, "object_key": "payload.json"}, ("object_key", "documents")),
        ({"documents": {f"/{n}": f"{n}-{'k' * 60}.json" for n in range(40)}}, ("documents", "40 of them", "2,048")),
        ({"key_throttle_rate": 1, "key_throttle_burst": 1}, ("key_throttle_rate", "api_key_required")),
        ({"key_quota": 1}, ("key_quota", "api_key_required")),
        (KEYED | {"key_throttle_rate": 1}, ("key_throttle_rate", "key_throttle_burst")),
        (KEYED | {"key_throttle_burst": 1}, ("key_throttle_rate", "key_throttle_burst")),
        (KEYED | {"key_quota_period": "day"}, ("key_quota_period", "key_quota")),
        ({"domain_certificate_arn": HERE}, ("domain_certificate_arn", "domain_name")),
        ({"domain_zone_id": ZONE}, ("domain_zone_id", "domain_name")),
        ({"domain_base_path": "shop"}, ("domain_base_path", "domain_name")),
        ({"domain_name": "api.example.org"}, ("domain_name", "domain_certificate_arn")),
        (DOMAIN | {"region": "eu-central-1"}, ("domain_certificate_arn", "regional", "eu-central-1")),
        (DOMAIN | {"domain_certificate_arn": CERTIFICATE.format("eu-west-1"), "endpoint_type": "edge"},
         ("domain_certificate_arn", "edge", "us-east-1")),
        (DOMAIN | {"domain_certificate_arn": HERE.replace("aws", "aws-cn", 1)}, ("certificate_arn", "partition")),
        ({"web_acl_arn": WEB_ACL}, ("web_acl_arn", "us-east-1")),
    ],
    ids=lambda value: "-".join(value)[:40] if isinstance(value, tuple) else None,
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(
    tmp_path: Path, settings: dict[str, Any], named: tuple[str, ...]
) -> None:
    sentence = refusal(tmp_path, **settings)
    assert all(name in sentence for name in named)


@pytest.mark.parametrize(
    "settings",
    [
        DOMAIN,
        DOMAIN | {"endpoint_type": "edge", "region": "eu-central-1", "domain_zone_id": ZONE, "domain_base_path": "v1"},
        {"web_acl_arn": WEB_ACL, "region": "eu-central-1"},
        KEYED | {"key_throttle_rate": 0.5, "key_throttle_burst": 1, "key_quota": 1, "key_quota_period": "week"},
        {"documents": {"/a": "a.json", "/a/b": "a.json", "/ping/a": "c"}, "mapping": "original"},
    ],
    ids=str,
)
def test_what_fits_together_is_taken(tmp_path: Path, settings: dict[str, Any]) -> None:
    assert load(tmp_path, **settings)


@given(
    st.dictionaries(
        st.from_regex(r"(/[A-Za-z0-9._-]{1,9}){1,4}", fullmatch=True) | st.text(max_size=9),
        st.from_regex(r"[a-z0-9/._-]{1,20}", fullmatch=True),
        max_size=30,
    )
)
def test_whatever_is_taken_fits_into_the_policies_and_has_paths_that_api_gateway_takes(
    documents: dict[str, str],
) -> None:
    from stacks.iam import LONGEST_USER_POLICY, write_policy

    try:
        config = ReadModelConfig(documents=documents)
    except ValueError:
        return
    assert config.main_path in config.served
    assert len("".join(write_policy(config.object_arns).split())) <= LONGEST_USER_POLICY
    for path in config.documents:
        assert path.startswith("/") and "//" not in path and not path.endswith("/") and path.isascii()
