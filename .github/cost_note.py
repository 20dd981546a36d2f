"""What a run against a real account cost, from what it counted and the list prices. For the summary of a CI job.

python .github/cost_note.py RUN_DIR/summary.json

Prices are US dollars in us-east-1, without free tiers and discounts; docs/ci.md says where they are from and of when.
Each can be replaced by an environment variable of its name.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

PRICES: Final = {
    "PRICE_API_PER_MILLION": 3.50,  # requests to a REST API, the first 333 million a month
    "PRICE_GET_PER_THOUSAND": 0.0004,  # S3 Standard: what the gateway asks, a request a read
    "PRICE_PUT_PER_THOUSAND": 0.005,  # S3 Standard
    "PRICE_OUT_PER_GB": 0.09,  # to the internet, the first 10 TB a month; GB = 2^30 bytes
}


def cost_note(summary: dict[str, Any], prices: dict[str, float]) -> str:
    """A Markdown section: each part of the sum, and the sum in US dollars."""
    counted = summary["availability"]
    reads, writes, body_bytes = counted["reads"], counted["writes"], counted["body_bytes"]
    parts = (
        ("requests to the REST API", f"{reads:,} reads", reads / 1e6 * prices["PRICE_API_PER_MILLION"]),
        ("GET requests to S3", f"{reads:,} reads", reads / 1e3 * prices["PRICE_GET_PER_THOUSAND"]),
        ("PUT requests to S3", f"{writes:,} writes", writes / 1e3 * prices["PRICE_PUT_PER_THOUSAND"]),
        ("transfer to the internet", f"{body_bytes:,} bytes", body_bytes / 2**30 * prices["PRICE_OUT_PER_GB"]),
    )
    rows = [f"| {name} | {amount} | ${dollars:.4f} |" for name, amount, dollars in parts]
    total = sum(dollars for _, _, dollars in parts)
    listed = ", ".join(f"{name} {price:g}" for name, price in prices.items())
    return "\n".join(
        [
            "",
            f"## This run cost about ${total:.2f}",
            "",
            "| what | how much | price |",
            "|---|---:|---:|",
            *rows,
            "",
            f"By list prices ({listed}), without free tiers. Not counted: headers of the answers, the probe's and "
            "Terraform's own requests, and the minutes for which one object was stored.",
            "",
        ]
    )


def main() -> int:
    """Print the note for the summary that is named on the command line."""
    prices = {name: float(os.environ.get(name) or price) for name, price in PRICES.items()}
    sys.stdout.write(cost_note(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), prices))
    return 0


if __name__ == "__main__":
    sys.exit(main())
