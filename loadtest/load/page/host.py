"""Where Locust's web page listens: on loopback, unless ``--web-host`` says otherwise. The page has no login."""

from __future__ import annotations

import logging
import socket
from argparse import Namespace
from typing import Any, Final

from loadtest.errors import UsageError
from stacks.user_input import shown

logger = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"
_EVERYWHERE: Final = ("", "*", "0.0.0.0", "::")  # noqa: S104 - compared with, not listened on


def listen_on_loopback(parser: Any) -> None:
    """Change Locust's default, which is all interfaces. An explicit value counts, also ``*`` and an empty one."""
    for action in parser._actions:
        if action.dest == "web_host":
            action.default = LOOPBACK
            action.help = f"Host to bind the web interface to. Defaults to {LOOPBACK}; '*' is all interfaces"


def check_can_listen(options: Namespace) -> None:
    """Check that the page can listen at its address, and log which one it is.

    Raises:
        UsageError: it cannot, which Locust itself would report with a traceback.
    """
    host, port = options.web_host or "", options.web_port
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("" if host == "*" else host, port))
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "there is no such address"
        raise UsageError(
            f"The web page cannot listen on --web-host {shown(host)} and --web-port {port} ({reason}): give others, or "
            "end what listens there."
        ) from None
    if host in _EVERYWHERE:
        login = "with a login" if options.web_login else "without a login"
        logger.warning("The page listens on all interfaces, %s: whoever reaches port %s can start a run.", login, port)
    else:
        logger.info("The page listens on %s only; --web-host '*' opens it to others.", host)
