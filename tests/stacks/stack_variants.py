"""The stacks that these tests look at: a name for each set of settings. All are synthesized at once (conftest.py)."""

from typing import Any

EMULATOR = "http://emulator.invalid:4566"
"""Stands for the address of the moto server, which is not known when the stacks are synthesized."""

TWO_ORIGINS = ("https://www.example.org", "https://staging.example.org")

DOCUMENTS = {"/samples": "payload.json", "/prices": "prices.json", "/shop/offers": "shop/offers.json"}

CERTIFICATE = "arn:aws:acm:{}:123456789012:certificate/7c1d0a52-6a5f-4f0e-9d3c-0f5f1c2b7a61"
WEB_ACL = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/shop/6a7bca53-39f2-4b33-8c9a-1d2e3f405162"
ZONE = "Z0123456789ABCDEFGHIJ"
"""Those that a deployed stack refers to get their ids from moto; these stand for them."""

VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "original": {"mapping": "original"},
    "half": {"mapping": "half"},
    "region-in-china": {"region": "cn-north-1"},
    "edge": {"endpoint_type": "edge"},
    "own-names": {"stack_name": "shop", "bucket_name": "shop-samples-eu", "object_key": "read/model.json"},
    "one-origin": {"cors_origins": ("https://www.example.org",)},
    "any-origin": {"cors_origins": ("*",)},
    "two-origins": {"cors_origins": TWO_ORIGINS},
    "documents": {"documents": DOCUMENTS},
    "documents-cached": {"documents": DOCUMENTS, "cache_ttl": 60},
    "documents-elsewhere": {"documents": {"/prices": "prices.json", "/also": "prices.json"}},
    "api-key": {"api_key_required": True},
    "api-key-limited": {
        "api_key_required": True,
        "key_throttle_rate": 5.5,
        "key_throttle_burst": 10,
        "key_quota": 1000,
        "key_quota_period": "day",
    },
    "domain": {"domain_name": "api.example.org", "domain_certificate_arn": CERTIFICATE.format("us-east-1")},
    "domain-edge": {
        "region": "eu-central-1",
        "endpoint_type": "edge",
        "domain_name": "api.example.org",
        "domain_certificate_arn": CERTIFICATE.format("us-east-1"),
        "domain_zone_id": ZONE,
        "domain_base_path": "shop",
    },
    "web-acl": {"region": "eu-central-1", "web_acl_arn": WEB_ACL},
    "throttled": {"throttle_rate": 100.5, "throttle_burst": 20},
    "cached": {"cache_ttl": 60},
    "cached-original": {"cache_ttl": 60, "mapping": "original"},
    "access-log": {"access_log": True, "access_log_days": 7},
    "account-log-role": {"account_log_role": True},
    "metrics": {"metrics": True},
    "xray": {"xray": True},
    "versioning": {"versioning": True},
    "force-destroy": {"force_destroy": True},
    "no-access-key": {"create_access_key": False},
    "plain-http-allowed": {"refuse_plain_http": False},
    "tagged": {"tags": {"team": "samples"}},
    "state-in-s3": {"state_backend": "s3", "state_bucket": "our-states", "state_region": "eu-central-1"},
    "emulator": {"aws_endpoint_url": EMULATOR},
    "emulator-with-tls": {"aws_endpoint_url": "https://emulator.invalid"},
    # What the workflow aws.yml deploys, where a test runs its steps.
    "workflow": {
        "stack_name": "read-model-ci-42",
        "region": "us-east-1",
        "state_backend": "s3",
        "state_bucket": "state-of-the-test",
        "force_destroy": True,
        "create_access_key": False,
        "aws_endpoint_url": EMULATOR,
    },
    # Deployed to moto: one stack that is changed from one mapping to the next, and one with everything on.
    "deployed": {"stack_name": "deployed", "aws_endpoint_url": EMULATOR},
    "deployed-original": {"stack_name": "deployed", "aws_endpoint_url": EMULATOR, "mapping": "original"},
    "deployed-half": {"stack_name": "deployed", "aws_endpoint_url": EMULATOR, "mapping": "half"},
    "everything": {
        "stack_name": "everything",
        "region": "eu-central-1",
        "endpoint_type": "edge",
        "cors_origins": TWO_ORIGINS,
        "throttle_rate": 100,
        "throttle_burst": 50,
        "cache_ttl": 60,
        "access_log": True,
        "access_log_days": 7,
        "account_log_role": True,
        "metrics": True,
        "xray": True,
        "versioning": True,
        "force_destroy": True,
        "refuse_plain_http": True,
        "create_access_key": False,
        "documents": DOCUMENTS,
        "api_key_required": True,
        "key_throttle_rate": 10,
        "key_throttle_burst": 5,
        "key_quota": 1000,
        "domain_name": "api.example.org",
        "domain_certificate_arn": CERTIFICATE.format("us-east-1"),
        "domain_zone_id": ZONE,
        "domain_base_path": "shop",
        "web_acl_arn": WEB_ACL,
        "state_backend": "s3",
        "state_bucket": "our-states",
        "tags": {"team": "samples", "stage": "test"},
        "aws_endpoint_url": EMULATOR,
    },
}
