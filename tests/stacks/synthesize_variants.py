"""Synthesizes every variant in one process, since importing the bindings takes longer than all of them together.

python tests/stacks/synthesize_variants.py FOLDER writes FOLDER/<variant>/stacks/<stack>/cdk.tf.json, and the app in
examples/own_app as the variant `example`.
"""

import os
import runpy
import sys
from pathlib import Path

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cdktf import App
from stack_variants import VARIANTS

from stacks.config import ReadModelConfig
from stacks.read_model_stack import ReadModelStack

for name, settings in VARIANTS.items():
    app = App(outdir=str(Path(sys.argv[1]) / name))
    ReadModelStack(app, ReadModelConfig(**settings))
    app.synth()

app = App(outdir=str(Path(sys.argv[1]) / "example"))
runpy.run_path(str(Path(__file__).resolve().parents[2] / "examples" / "own_app" / "shop.py"))["build"](app)
app.synth()
