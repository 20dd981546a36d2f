"""Which certificates every client of this project trusts, and that none of them uses a proxy: one rule for all.

Reads go to the target directly, without a proxy, which would be measured, and without the password of a .netrc, which
nobody asked to send. Certificates are those that OpenSSL finds (SSL_CERT_FILE and SSL_CERT_DIR name others), and those
of REQUESTS_CA_BUNDLE. A client certificate (``--cert``) is shown to the target alone.
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
from loadtest.http1.access import NO_ACCESS, Access

_MORE: Final = "REQUESTS_CA_BUNDLE"


def tls_context(make: Any = ssl.create_default_context, access: Access = NO_ACCESS) -> Any:
    """A context that trusts these certificates, checks the host's name, and shows a client certificate if asked to.

    Raises:
        UsageError: a variable names certificates that cannot be read, or the client certificate cannot be used.
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
    if access.cert:
        load_client_certificate(context, access.cert, access.key)
    return context


def load_client_certificate(context: Any, cert: str, key: str) -> None:
    """Have ``context`` show a certificate to targets that ask for one.

    Raises:
        UsageError: the files do not hold a certificate and its key, or the key needs a passphrase.
    """

    def passphrase() -> str:
        raise _NeedsPassphraseError  # OpenSSL would ask for it at the terminal, in every process

    try:
        context.load_cert_chain(cert, key or None, password=passphrase)
    except _NeedsPassphraseError:
        raise UsageError(
            "The key of --cert needs a passphrase, for which nobody can be asked here: give one without, readable by "
            "you alone."
        ) from None
    except ssl.SSLError as error:
        why = (error.reason or "no certificate and no key in PEM form").replace("_", " ").lower()
        raise UsageError(
            f"--cert and --key hold no certificate and its key ({why}): give files in PEM form that belong together."
        ) from None
    except OSError as error:
        raise UsageError(
            f"The files of --cert and --key cannot be read ({error.strerror or 'no such file'}): fix their names, or "
            "their permissions."
        ) from None


class _NeedsPassphraseError(Exception):
    """OpenSSL asks for the passphrase of a key."""


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
