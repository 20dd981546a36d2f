"""Synthesizes the stack once for each mapping, in one process: importing the bindings takes ten seconds.

python tests/synthesize.py FOLDER MAPPING... writes FOLDER/<mapping>/stacks/read-model/cdk.tf.json
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cdktf import App

from stacks.config import ReadModelConfig
from stacks.read_model_stack import ReadModelStack

for mapping in sys.argv[2:]:
    app = App(outdir=str(Path(sys.argv[1]) / mapping))
    ReadModelStack(app, ReadModelConfig(mapping=mapping))
    app.synth()
