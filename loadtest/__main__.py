"""Report on a run, compare or follow runs, probe a deployment, compare mappings, serve the sandbox, or show it all."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, NoReturn

from loadtest.cleaned import without_addresses, without_values
from loadtest.errors import EXIT_INTERRUPTED, EXIT_USAGE, UsageError
from loadtest.extras import require_for
from stacks.user_input import cut

COMMANDS: Final = {
    "options": ("loadtest.commands.options", "list what the load test adds to Locust's own options"),
    "report": ("loadtest.commands.report", "judge a recorded run and write its reports"),
    "restore": ("loadtest.commands.restore", "put the object back as it was before a run that was killed"),
    "compare": ("loadtest.commands.compare", "compare two recorded runs: is the new one worse?"),
    "duel": ("loadtest.commands.duel", "measure two deployments in turns and compare them: is the new one worse?"),
    "trend": ("loadtest.commands.trend", "follow runs over time: what got worse, and with which commit?"),
    "probe": ("loadtest.commands.probe", "try a deployment's conditional requests, one at a time"),
    "sandbox": ("loadtest.commands.sandbox", "serve a stand-in for AWS on this machine"),
    "publish": ("loadtest.commands.publish", "publish a changing document every so often, for a run to watch"),
    "demo": ("loadtest.commands.demo", "synthesize the stack, serve it in a sandbox, measure it, report"),
    "mappings": ("loadtest.commands.mappings", "probe and measure the three mappings side by side"),
}
"""Each command's module has ``add_arguments(parser)`` and ``run(arguments) -> exit code``; only the one asked for is
imported."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the command line on one short line, whatever was given."""

    def error(self, message: str) -> NoReturn:
        """Print it and end with exit code 2."""
        super().error(cut(without_addresses(without_values(message))))


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """The command line, a subcommand each; the options of the ``chosen`` one only."""
    parser = _Parser(prog=_program(), description=__doc__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (module_name, help_text) in COMMANDS.items():
        command = subparsers.add_parser(name, help=help_text)
        if name == chosen:
            require_for(name)
            module = import_module(module_name)
            command.description = module.__doc__
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code of the contract (0 PASS, 1 FAIL, 3 INCONCLUSIVE, 2 wrong usage)."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        parsed = build_parser(given[0] if given else None).parse_args(given)
        return int(parsed.run(parsed))
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_USAGE


def console() -> int:
    """``readmodel``, and ``python -m loadtest``: run one command of the command line."""
    try:
        return main()
    except KeyboardInterrupt:  # while a command is imported, say
        sys.stderr.write("Stopped by hand.\n")
        return EXIT_INTERRUPTED


def _program() -> str:
    """How it was called: by its console command, or as a module."""
    return "readmodel" if Path(sys.argv[0]).stem == "readmodel" else "python -m loadtest"


if __name__ == "__main__":
    sys.exit(console())
