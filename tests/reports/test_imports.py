"""Commands import what they need and no more: on a short run, importing takes longer than judging."""

import shutil
import subprocess
import sys
from pathlib import Path

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
from loadtest.report import page
lacks("report", *(set(HEAVY) - {"pyarrow"}))
"""

_ON_THE_BASE = """
import sys
import loadtest.extras
from loadtest.__main__ import main

there = loadtest.extras.find_spec
PAGE = ("vl_convert", "jinja2")
loadtest.extras.find_spec = lambda name: None if name in PAGE else there(name)
for name in PAGE:
    sys.modules[name] = None  # importing it fails
sys.exit(main(["report", sys.argv[1]]))
"""


def test_no_command_imports_what_it_does_not_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_the_base_install_judges_and_says_what_the_page_needs(tmp_path: Path) -> None:
    run = shutil.copytree(PROJECT / "tests" / "histories" / "lagging", tmp_path / "run")
    (run / "report.html").write_text("of another summary")
    done = subprocess.run(
        [sys.executable, "-c", _ON_THE_BASE, str(run)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert "report.html is left out, as it needs vl_convert, jinja2" in done.stderr
    assert "pip install 'read-model-gateway[report]'" in done.stderr
    assert {"summary.json", "report.md", "junit.xml"} <= {path.name for path in run.iterdir()}
    assert not (run / "report.html").exists()
    assert "report.html" not in done.stdout
    assert "How long do readers see the old version?" in done.stdout
