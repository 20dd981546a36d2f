"""``python -m loadtest sandbox``: its options, its errors, its exit code. Importing this is cheap."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from loadtest.errors import EXIT_USAGE
from loadtest.sandbox.faults.registry import KINDS, split_assignment
from loadtest.sandbox.faults.values import FaultValueError

_LARGEST_PORT: Final = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = (
        "Run a stand-in for AWS on one port of this machine: S3, IAM and API Gateway. It serves the synthesized stack, "
        "or, with --empty,\nwhat is deployed into it. It is not AWS."
    )
    parser.epilog = _described_faults()
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any that is free)")
    parser.add_argument("--stack", metavar="NAME", help="which synthesized stack to serve, when there is more than one")
    parser.add_argument(
        "--synth-dir",
        type=Path,
        default=Path("cdktf.out"),
        metavar="DIR",
        help="synthesized stacks (default: %(default)s)",
    )
    parser.add_argument("--empty", action="store_true", help="serve nothing until something is deployed")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME=VALUE", help="inject a fault (see below); repeatable"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="makes the faults' choices repeatable (default: drawn)")
    parser.add_argument(
        "--outputs",
        type=Path,
        default=Path("outputs.json"),
        metavar="FILE",
        help="where the outputs of the stack are written (default: %(default)s; not with --empty)",
    )
    parser.add_argument("--until-input-ends", action="store_true", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Run the sandbox until SIGINT or SIGTERM. Exit code 0, or 2 with one sentence on standard error."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop_while_starting)
    if arguments.until_input_ends:
        threading.Thread(target=_stop_when_input_ends, daemon=True).start()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # a profile or an endpoint meant for AWS must not reach the sandbox's own clients
    # These take a second to import, which wrong usage should not wait for.
    from loadtest.sandbox.aws.moto_server import MotoError  # noqa: PLC0415
    from loadtest.sandbox.aws.provision import check_outputs_path  # noqa: PLC0415
    from loadtest.sandbox.server import server  # noqa: PLC0415
    from loadtest.sandbox.stack.definition import DefinitionError  # noqa: PLC0415
    from loadtest.sandbox.stack.synth import find_stack, read_stack  # noqa: PLC0415

    try:
        if not 0 <= arguments.port <= _LARGEST_PORT:
            raise DefinitionError(
                f"The port {arguments.port} does not exist; give --port from 0 (any) to {_LARGEST_PORT}."
            )
        faults = tuple(split_assignment(text) for text in arguments.fault)
        stack = None
        if not arguments.empty:
            stack = read_stack(*find_stack(arguments.synth_dir, arguments.stack))
            check_outputs_path(arguments.outputs)
        server.run(
            server.SandboxSettings(
                host=arguments.host,
                port=arguments.port,
                stack=stack,
                faults=faults,
                seed=secrets.randbelow(2**31) if arguments.seed is None else arguments.seed,
                outputs=arguments.outputs,
            ),
            say=lambda line: print(line, flush=True),
        )
    except FaultValueError as error:
        return _refuse(f"{str(error)[0].upper()}{str(error)[1:]}.")
    except (DefinitionError, MotoError) as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        pass
    return 0


def _refuse(sentence: str) -> int:
    print(f"sandbox: {sentence}", file=sys.stderr)
    return EXIT_USAGE


def _stop_while_starting(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _stop_when_input_ends() -> None:
    """End when standard input closes: its other end is held by the process that started this one as a child."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _described_faults() -> str:
    import textwrap  # noqa: PLC0415

    lines = ["faults (NAME=VALUE; RATE is a share of requests, like 5% or 0.05; off takes a fault away):"]
    for kind in sorted(KINDS, key=lambda kind: kind.name):
        lines += textwrap.wrap(f"{kind.name}={kind.form}", 110, initial_indent="  ")
        lines += textwrap.wrap(kind.help, 110, initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines)
