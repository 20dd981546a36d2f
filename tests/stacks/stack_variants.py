"""The stacks that these tests look at: a name for each set of settings. All are synthesized at once (conftest.py)."""

from typing import Any

EMULATOR = "http://emulator.invalid:4566"
"""Stands for the address of the moto server, which is not known when the stacks are synthesized."""

TWO_ORIGINS = ("https://www.example.org", "https://staging.example.org")

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
        "state_backend": "s3",
        "state_bucket": "our-states",
        "tags": {"team": "samples", "stage": "test"},
        "aws_endpoint_url": EMULATOR,
    },
}
