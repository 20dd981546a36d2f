"""Whom every client of this project believes, and which way it goes: one rule, so that all of them agree.

Reads go to the target directly: no proxy, and no password of a .netrc, as both would be measured or sent unasked.
Certificates are those that OpenSSL finds (SSL_CERT_FILE and SSL_CERT_DIR name others), and REQUESTS_CA_BUNDLE besides.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi

from loadtest.errors import UsageError

_MORE: Final = "REQUESTS_CA_BUNDLE"


def tls_context(make: Any = ssl.create_default_context) -> Any:
    """A context that believes these certificates, and checks the name of the host.

    Raises:
        UsageError: a variable names certificates that cannot be read.
    """
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR", _MORE):
        if (named := os.environ.get(variable)) and not any(Path(part).exists() for part in named.split(os.pathsep)):
            raise UsageError(f"{variable} is {named[:200]!r}, which is not there: name a file of certificates.")
    context = make()
    paths = ssl.get_default_verify_paths()
    if not (paths.cafile or paths.capath):
        context.load_verify_locations(cafile=certifi.where())
    more = os.environ.get(_MORE)
    try:
        if more:
            context.load_verify_locations(**{"capath" if Path(more).is_dir() else "cafile": more})
    except (OSError, ssl.SSLError):
        raise UsageError(f"{_MORE} is {str(more)[:200]!r}, which holds no certificates: name a file of them.") from None
    return context


def unused_proxy(url: str) -> str:
    """A sentence about the proxy that other programs would use for this address, and readers do not; "" if none."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme) or getproxies().get("all")
    if not proxy or proxy_bypass(parts.hostname or ""):
        return ""
    return (
        f"{parts.scheme.upper()}_PROXY is set and is not used for reading: what is measured is the target, so it must "
        "be reached directly."
    )
