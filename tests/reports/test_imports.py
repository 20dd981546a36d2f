"""Commands import what they need and no more: on a short run, importing takes longer than judging."""

from __future__ import annotations

import subprocess
import sys

from loadtest.project import PROJECT

# Modules are never forgotten, so the commands come in the order of what they may import.
_PROGRAM = """
import sys
from loadtest.__main__ import build_parser

def lacks(command, *modules):
    build_parser(command)
    there = [name for name in modules if name in sys.modules]
    assert not there, f"{command} imports {there}"

HEAVY = ("pyarrow", "altair", "vl_convert", "scipy", "lark", "jsonschema", "boto3", "gevent", "locust", "moto")
lacks(None, *HEAVY, "numpy", "pydantic", "rich")
lacks("probe", *HEAVY, "pydantic", "loadtest.judge")
lacks("report", *HEAVY, "loadtest.judge")
lacks("compare", *HEAVY)
from loadtest.judge import analyse
lacks("report", *(set(HEAVY) - {"pyarrow"}))
"""


def test_no_command_imports_what_it_does_not_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
