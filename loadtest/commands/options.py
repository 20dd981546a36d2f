"""List the options that the load test adds to Locust's own.

``locust --help`` is printed before Locust loads the locustfile that adds them, so it cannot know of them.
"""

from __future__ import annotations

import argparse
import sys

import configargparse  # type: ignore[import-untyped]

from loadtest.load.options.options import add_arguments as add_run_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(_arguments: argparse.Namespace) -> int:
    sys.stdout.write(_parser().format_help())
    return 0


def _parser() -> configargparse.ArgumentParser:
    parser = configargparse.ArgumentParser(
        prog="locust -f loadtest/locustfile.py",
        usage="%(prog)s [option ...]",
        add_help=False,
        add_config_file_help=False,
        add_env_var_help=True,
        epilog="Locust's own options (users, run time, processes, …): locust --help",
    )
    add_run_arguments(parser)
    return parser
