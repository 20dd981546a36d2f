"""Synthesizes every stack that a test looks at in one process, since importing the bindings takes longer than all.

python tests/stacks/synthesize_variants.py FOLDER writes FOLDER/<variant>/stacks/<stack>/cdk.tf.json for each of
stack_variants.py, with its settings as FOLDER/<variant>/settings.json; the app in examples/own_app as the variant
`example`; what the sandbox's tests read, as FOLDER/sandbox/<variant>.tf.json; and into the working directory what
`python main.py` writes there, cdktf.out.
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

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = Path(sys.argv[1])

for name, settings in VARIANTS.items():
    app = App(outdir=str(FOLDER / name))
    config = ReadModelConfig(**settings)
    ReadModelStack(app, config)
    app.synth()
    (FOLDER / name / "settings.json").write_text(config.model_dump_json())

app = App(outdir=str(FOLDER / "example"))
runpy.run_path(str(PROJECT / "examples" / "own_app" / "shop.py"))["build"](app)
app.synth()

(FOLDER / "sandbox").mkdir()
runpy.run_path(str(PROJECT / "tests" / "sandbox" / "synth" / "regenerate.py"))["main"](FOLDER / "sandbox")

os.environ.pop("CDKTF_OUTDIR", None)
if runpy.run_path(str(PROJECT / "main.py"))["main"]():
    sys.exit("main.py did not synthesize")
