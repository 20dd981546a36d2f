"""The two sides of a duel as two load tests: the options, environment and target of each.

Both take the same options of the load test, except those that name one deployment.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import configargparse  # type: ignore[import-untyped]

from loadtest.cleaned import public_url
from loadtest.errors import UsageError
from loadtest.load.options.options import add_arguments as add_run_arguments
from loadtest.load.options.options import settings_from, variable_of
from loadtest.run.duel_schedule import Side
from loadtest.run.settings import Settings
from loadtest.target.finding import DEFAULT_OUTPUTS, Target, find_target
from loadtest.target.paths import paths_from
from stacks.user_input import is_folder, is_plain_file, shown

DEFAULTS: Final = {"arrival-rate": "400", "window": "1"}
"""Only one of the two reads at a time: at 400 a second each makes as many reads as a run of its own does at 200.
Windows are short, to keep the two close in time, and still long enough for a p99 of each."""
HEADER_VARIABLE: Final = "DUEL_HEADER_"
_MAY_HOLD_SECRETS: Final = ("samples-path", "s3-endpoint-url")
_NOT_SHARED: Final = (
    *("outputs", "stack", "bucket", "run-dir"),  # of one side
    *("until-decided", "writer", "watch-interval", "publish-command"),  # a duel has a schedule and a length of its own
)


@dataclass(frozen=True)
class DuelSide:
    """The command line of one side's load test, and what it will read and write."""

    options: list[str]
    environment: dict[str, str]
    settings: Settings
    target: Target


def add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the load test's own options, which both sides share."""
    values = " and ".join(f"--{name} is {value}" for name, value in DEFAULTS.items())
    group = parser.add_argument_group("options of the load test, for both", f"{values}, if not given")
    add_run_arguments(_Passed(parser, group))


def both_sides(arguments: argparse.Namespace) -> tuple[DuelSide, DuelSide]:
    shared = _shared(arguments)
    seed = _side(arguments, Side.BASE, shared).settings.seed  # drawn, if none was given
    base, new = (_side(arguments, side, [*shared, f"--seed={seed}"]) for side in Side)
    _refuse(base, new)
    return base, new


def _refuse(base: DuelSide, new: DuelSide) -> None:
    settings = base.settings
    if not settings.arrival_rate:
        raise UsageError("--arrival-rate is 0 (a closed loop): a duel reads both at one rate; give one.")
    if not settings.window:
        raise UsageError("--window is 0: the turns of a duel are made of windows; give their length.")
    if settings.addresses:
        raise UsageError("--samples-path was given several times: a duel reads one address of each; give one.")
    if base.target.url == new.target.url:
        raise UsageError(
            f"BASE and NEW are read at the same address, {base.target.shown_url}: one deployment is as good as itself; "
            "give two."
        )
    places = [(one.target.s3_endpoint_url, one.target.bucket, one.target.object_key) for one in (base, new)]
    if settings.write_interval and places[0] == places[1]:
        raise UsageError(
            f"BASE and NEW write to the same object, s3://{base.target.bucket}/{base.target.object_key}, and each "
            "would read the other's documents: deploy them with a bucket each, or give --write-interval 0, which only "
            "reads."
        )


def _side(arguments: argparse.Namespace, side: Side, shared: list[str]) -> DuelSide:
    address_or_outputs: str = getattr(arguments, side)
    is_address = address_or_outputs.startswith(("http://", "https://"))
    outputs = "none" if is_address else str(_outputs(side, Path(address_or_outputs)))
    stack, bucket = (getattr(arguments, f"{side}_{name}") for name in ("stack", "bucket"))
    options = [*shared, f"--outputs={outputs}", f"--stack={stack}", f"--bucket={bucket}"]
    environment = _without_locusts_own(os.environ)
    parser = configargparse.ArgumentParser()
    add_run_arguments(parser)
    parsed = parser.parse_args(options, env_vars=environment)
    path = paths_from(parsed.samples_path)[0][0]
    parsed.host = address_or_outputs.rstrip("/").removesuffix(path).rstrip("/") if is_address else None
    if is_address:
        environment["LOCUST_HOST"] = parsed.host  # not on the command line: it may hold a secret
    else:
        options.append("--host=")
    settings = settings_from(parsed)
    target = find_target(settings, bucket_remedy=f"give --{side}-bucket")
    return DuelSide(_without_secrets(options, settings, environment), environment, settings, target)


def _without_secrets(options: list[str], settings: Settings, environment: dict[str, str]) -> list[str]:
    """``options`` with possible secrets moved into ``environment``: a command line is in the process list."""
    hidden = []
    for option in options:
        name, _, value = option.removeprefix("--").partition("=")
        if name in _MAY_HOLD_SECRETS:
            environment[variable_of(name)] = value
        elif name != "header":
            hidden.append(option)
    for number, (name, value) in enumerate(settings.headers):
        environment[f"{HEADER_VARIABLE}{number}"] = value
        hidden.append(f"--header={name}: @${HEADER_VARIABLE}{number}")
    return hidden


def _shared(arguments: argparse.Namespace) -> list[str]:
    """The options for both sides that stand on the command line, and the defaults of a duel."""
    values = vars(arguments)
    options = []
    for name in _names():
        value = values.get(name.replace("-", "_"))
        if value is None and name in DEFAULTS and variable_of(name) not in os.environ:
            value = DEFAULTS[name]
        if value is True:
            options.append(f"--{name}")
        elif value is not None:
            options += [f"--{name}={one}" for one in (value if isinstance(value, list) else [value])]
    return options


def _outputs(side: Side, path: Path) -> Path:
    file = path / DEFAULT_OUTPUTS if is_folder(path) else path
    if not is_plain_file(file):
        raise UsageError(
            f"{side.upper()} is {shown(public_url(str(path)))}: give a file of outputs, a folder with an "
            f"{DEFAULT_OUTPUTS}, or an address, which begins with http:// or https://."
        )
    return file


def _without_locusts_own(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without Locust's variables, which could set another host, more processes or a web page."""
    ours = {variable_of(name) for name in _names()}
    return {name: value for name, value in environment.items() if not name.startswith("LOCUST_") or name in ours}


def _names() -> list[str]:
    """The load test's options that both sides share."""
    parser = configargparse.ArgumentParser(add_help=False)
    add_run_arguments(parser)
    names = [action.option_strings[0].removeprefix("--") for action in parser._actions]
    return [name for name in names if name not in _NOT_SHARED]


class _Passed:
    """Adds the load test's options to the parser of this command, except those that name one deployment."""

    def __init__(self, parser: argparse.ArgumentParser, group: argparse._ArgumentGroup) -> None:
        self._group = group
        self.error = parser.error

    def add_argument(self, flag: str, *, env_var: str, **settings: Any) -> argparse.Action:
        name = flag.removeprefix("--")
        settings["default"] = None
        if name in _NOT_SHARED:
            return argparse.Action([flag], name)
        return self._group.add_argument(flag, **settings)
