"""Writes the synthesized stacks that the sandbox's tests read: one for each variant, less what differs by machine.

Of a variant that is nearly the first one only the differences are kept, as a JSON merge patch (RFC 7396).

    python tests/sandbox/synth/regenerate.py [FOLDER]

Takes about 15 seconds, which is why the tests read what it wrote.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

VARIANTS: dict[str, dict[str, Any]] = {
    "conditional": {},
    "original": {"mapping": "original"},
    "half": {"mapping": "half"},
    "edge": {"endpoint_type": "edge"},
    "one-origin": {"cors_origins": ("https://site.example",)},
    "two-origins": {"cors_origins": ("https://site.example", "https://other.example")},
    "cached": {"cache_ttl": 1},
    "throttled": {"throttle_rate": 1, "throttle_burst": 3},
    "documents": {
        "documents": {"/samples": "payload.json", "/prices": "prices.json", "/shop/offers": "shop/offers.json"},
        "cache_ttl": 1,
    },
    "keyed": {
        "documents": {"/prices": "prices.json", "/also": "prices.json"},
        "cors_origins": ("https://site.example",),
        "api_key_required": True,
        "key_throttle_rate": 0.001,
        "key_throttle_burst": 3,
        "key_quota": 5,
        "domain_name": "data.example.com",
        "domain_certificate_arn": (
            "arn:aws:acm:us-east-1:123456789012:certificate/7c1d0a52-6a5f-4f0e-9d3c-0f5f1c2b7a61"
        ),
        "domain_zone_id": "Z0123456789ABCDEFGHIJ",
        "web_acl_arn": (
            "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/shop/6a7bca53-39f2-4b33-8c9a-1d2e3f405162"
        ),
    },
    "everything": {
        "region": "eu-central-1",
        "access_log": True,
        "account_log_role": True,
        "metrics": True,
        "xray": True,
        "versioning": True,
        "tags": {"team": "samples"},
        "cache_ttl": 5,
        "throttle_rate": 500,
        "throttle_burst": 100,
    },
}


FIRST = "conditional"
NEARLY_THE_FIRST = ("edge", "cached", "throttled")


def synthesized(settings: dict[str, Any]) -> dict[str, Any]:
    """The ``cdk.tf.json`` of the stack with these settings, without metadata and state backend."""
    from cdktf import App

    from stacks.config import ReadModelConfig
    from stacks.read_model_stack import ReadModelStack

    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder)
        ReadModelStack(app, ReadModelConfig(stack_name="read-model", **settings))
        app.synth()
        content = json.loads((Path(folder) / "stacks" / "read-model" / "cdk.tf.json").read_text())
    content["terraform"].pop("backend", None)
    bare = _without_comments(content)
    assert isinstance(bare, dict)
    return bare


def _without_comments(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _without_comments(value) for key, value in content.items() if key != "//"}
    return [_without_comments(value) for value in content] if isinstance(content, list) else content


def differences(base: Any, other: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(other, dict):
        return other
    changed = {key: differences(base.get(key), value) for key, value in other.items() if base.get(key) != value}
    return changed | dict.fromkeys(base.keys() - other.keys())


def main(folder: Path) -> None:
    """Write every variant."""
    made = {name: synthesized(settings) for name, settings in VARIANTS.items()}
    for name, content in made.items():
        nearly = name in NEARLY_THE_FIRST
        kept = differences(made[FIRST], content) if nearly else content
        file = folder / (f"{name}.changes.json" if nearly else f"{name}.tf.json")
        file.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path.insert(0, str(here.parents[2]))
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else here)
