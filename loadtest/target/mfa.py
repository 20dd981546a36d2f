"""The code of an MFA device, which a profile may ask for: typed at the terminal, and never read from standard input."""

from __future__ import annotations

import getpass
import os
from typing import Any, Final


class MfaNeedsTerminalError(EOFError):
    """A profile asks for a code of an MFA device, and there is nobody to type it."""


def ask_for_code(prompt: str = "", stream: Any = None) -> str:
    """Ask for an MFA code where somebody can type it.

    Raises:
        MfaNeedsTerminalError: there is no terminal, or this process may not read from it.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        raise MfaNeedsTerminalError("the profile asks for a code of its MFA device, and there is no terminal") from None
    try:
        if os.tcgetpgrp(terminal) != os.getpgrp():
            raise MfaNeedsTerminalError("the profile asks for a code of its MFA device, and nobody can type it here")
    finally:
        os.close(terminal)
    return _getpass(prompt, stream)


_getpass: Final = getpass.getpass
