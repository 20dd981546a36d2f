"""Makes Python load only those modules of the AWS bindings that the stack uses.

The package's own `__init__` imports every resource of AWS, more than two thousand modules, which takes ten seconds; the
stack uses some twenty. The modules do not need one another: jsii must know a class only when it returns an object of
it, and the stack creates all of its objects itself.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Final

PACKAGE: Final = "cdktf_cdktf_provider_aws"


def load_only_what_is_used() -> None:
    """Put the package in its place without running its `__init__`; its modules are then imported one at a time."""
    if PACKAGE in sys.modules:
        return
    package = importlib.util.find_spec(PACKAGE)
    if package is not None:
        sys.modules[PACKAGE] = importlib.util.module_from_spec(package)
