"""What `cdktf synth` runs: settings in, Terraform configuration out (cdktf.out/stacks/<stack>/cdk.tf.json)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# jsii warns at length about Node 20, with which this works and is tested. To be set before jsii is imported.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

from stacks.config import ConfigError, ReadModelConfig


def main() -> int:
    """Synthesize the stack; return 2 for a wrong setting, after one sentence on standard error."""
    try:
        config = ReadModelConfig.load(Path(__file__).resolve().parent / "cdktf.json")
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    # Imported late: the bindings take seconds to load, and a wrong setting should not wait for them.
    from cdktf import App  # noqa: PLC0415

    from stacks.read_model_stack import ReadModelStack  # noqa: PLC0415

    app = App()
    ReadModelStack(app, config)
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
