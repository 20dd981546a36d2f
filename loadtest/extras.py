"""Which commands need packages that the base install leaves out, and what a user is told where they lack."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from loadtest.errors import UsageError
from loadtest.project import PROJECT

MODULES: Final = {
    "report": ("vl_convert", "jinja2"),
    "sandbox": ("moto", "uvicorn", "uvloop", "aiohttp", "markdown_it"),
    "stack": ("cdktf", "cdktf_cdktf_provider_aws", "constructs", "pydantic_settings"),
}
"""The modules that tell whether an extra of ``pyproject.toml`` is installed."""

NEEDS: Final = {
    "duel": ("report",),
    "trend": ("report",),
    "sandbox": ("sandbox",),
    "demo": ("report", "sandbox", "stack"),
    "mappings": ("report", "sandbox", "stack"),
}
"""The extras of each command; one that is not named runs on the base install."""


def require_for(command: str) -> None:
    """Check that what ``command`` needs is here."""
    if "stack" in NEEDS.get(command, ()) and not (PROJECT / "main.py").exists():
        raise UsageError(
            f"The command {command} synthesizes the stack with this project's main.py and cdktf.json, which are not in "
            "the installed package: run it in a checkout of the project."
        )
    lacking = [(extra, missing(extra)) for extra in NEEDS.get(command, ())]
    names = [module for _, modules in lacking for module in modules]
    if names:
        wanted = ",".join(extra for extra, modules in lacking if modules)
        raise UsageError(
            f"The command {command} needs {', '.join(names)}, which the base install leaves out: "
            f"pip install 'read-model-gateway[{wanted}]'."
        )


def missing(extra: str) -> list[str]:
    """The modules of an extra that are not installed."""
    return [module for module in MODULES[extra] if find_spec(module) is None]
