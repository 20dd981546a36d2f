"""Synthesizes the stack into a folder of its own, to be served in a sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from loadtest.errors import UsageError
from loadtest.project import PROJECT

FOLDER: Final = PROJECT / ".build" / "sandbox"


def synthesize(name: str = "demo", settings: Mapping[str, str] | None = None) -> Path:
    """Synthesize the stack as ``python main.py`` does, with ``settings`` (READMODEL_* variables) over the user's own.

    Returns the folder with the synthesized stack. Takes some 5 s, most of them for loading the bindings.

    Raises:
        UsageError: a setting is wrong; the reason has been printed.
    """
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **(settings or {}), "CDKTF_OUTDIR": str(folder)}
    if subprocess.run([sys.executable, "main.py"], cwd=PROJECT, check=False, env=environment).returncode:
        raise UsageError("The stack could not be synthesized; the reason is above.")
    return folder
