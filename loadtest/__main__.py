"""``python -m loadtest``: report on a run, compare two, probe a deployment, or serve the sandbox."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from loadtest import demo, report_command
from loadtest.options import UsageError
from loadtest.records import EXIT_USAGE
from loadtest.sandbox import cli as sandbox


def build_parser() -> argparse.ArgumentParser:
    """The command line, a subcommand each."""
    parser = argparse.ArgumentParser(prog="python -m loadtest", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, module, help_text in (
        ("report", report_command, "judge a recorded run and write its reports"),
        ("sandbox", sandbox, "serve a stand-in for AWS on this machine"),
        ("demo", demo, "synthesize the stack, serve it in a sandbox, measure it, report"),
    ):
        command = commands.add_parser(name, help=help_text, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code of the contract (0 PASS, 1 FAIL, 3 INCONCLUSIVE, 2 wrong usage)."""
    parsed = build_parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_USAGE


if __name__ == "__main__":
    sys.exit(main())
