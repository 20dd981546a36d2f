"""The command lines of benchmarks: ``--help`` says what is measured, instead of measuring it; the last line of what is
printed says what else the machine did meanwhile.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from benchmarks.other_work import tell_at_the_end


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """A parser for ``python -m benchmarks.NAME``."""
    return _Parser(
        prog=f"python -m benchmarks.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


class _Parser(argparse.ArgumentParser):
    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """The options. Where they come from the real command line, what follows is the measurement."""
        parsed = super().parse_args(args, namespace)
        if args is None:
            tell_at_the_end()
        return parsed
