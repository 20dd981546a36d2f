"""Of the AWS bindings only what the stack uses is loaded."""

import subprocess
import sys

from stacks.bindings import PACKAGE
from stacks.deploy import PROJECT


def test_no_module_of_the_bindings_is_loaded_that_nobody_names() -> None:
    script = (
        "import sys, stacks\n"
        f"print(len([name for name in sys.modules if name.startswith('{PACKAGE}.')]), '{PACKAGE}' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True"]
