"""``--header``, ``--cert`` and ``--key``: checked before anything is sent. No message quotes a value.

A value may be given as ``@FILE`` or ``@$VARIABLE`` (HTTPie uses ``@`` for files), which keeps it out of the command
line. ``@@`` begins a value that itself begins with ``@``.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from loadtest.cleaned import hide, printable
from loadtest.errors import UsageError
from loadtest.http1.access import Access, HeaderLines
from loadtest.http1.trust import load_client_certificate
from stacks.user_input import UnreadableFileError, cut, read_small_file

MOST_HEADERS: Final = 50
LONGEST_VALUE: Final = 8192
"""API Gateway takes 10,240 bytes of headers in all."""
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOW: Final = "give 'NAME: VALUE', 'NAME: @FILE' or 'NAME: @$VARIABLE'"

_FRAMING: Final = "it says where a request ends or what becomes of the connection, which the load test sees to itself"
_CONDITION: Final = (
    "the load test makes conditional requests of its own, and could not tell whose condition was answered"
)
REFUSED: Final[Mapping[str, str]] = {
    "host": "it follows from the address: give the address with that name",
    "if-none-match": _CONDITION,
    "if-modified-since": _CONDITION,
    "if-match": _CONDITION,
    "if-unmodified-since": _CONDITION,
    "if-range": _CONDITION,
    "range": "a part of the document could not be told from one that was cut short",
    "accept-encoding": "bodies are compared byte for byte, so they are asked for as they are (identity)",
    "connection": _FRAMING,
    "keep-alive": _FRAMING,
    "proxy-connection": _FRAMING,
    "proxy-authorization": "reads go to the target directly, and past every proxy",
    "content-length": _FRAMING,
    "transfer-encoding": _FRAMING,
    "te": _FRAMING,
    "trailer": _FRAMING,
    "upgrade": _FRAMING,
    "http2-settings": _FRAMING,
    "expect": _FRAMING,
}
"""Headers that would break what is measured, by their name in lower case, and why each is refused."""


_NO_SECRETS: Final = frozenset(
    {"accept", "accept-language", "cache-control", "dnt", "origin", "pragma", "referer", "user-agent"}
)
"""Headers whose values may well occur in a document. They are shown nowhere either, but answers may hold them."""


def add_access_arguments(parser: Any, **each: Any) -> list[Any]:
    """Add the three options to a parser, each with the arguments ``each``, and return them."""
    return [
        parser.add_argument(
            "--header", default=[], action="append", metavar="'NAME: VALUE'", **_variable("HEADER", each),
            help="sent with every read, such as 'x-api-key: @FILE' or 'x-api-key: @$VARIABLE'; never shown; repeatable",
        ),
        parser.add_argument(
            "--cert", default="", metavar="FILE", **_variable("CERT", each),
            help="client certificate for TLS (PEM), with its chain",
        ),
        parser.add_argument(
            "--key", default="", metavar="FILE", **_variable("KEY", each),
            help="its private key, without a passphrase (default: in the same file)",
        ),
    ]  # fmt: skip


def _variable(name: str, each: Mapping[str, Any]) -> dict[str, Any]:
    return {"env_var": f"LOCUST_{name}"} if each.get("with_variables") else {}


def access_from(options: Any) -> Access:
    texts = options.header
    headers = parse_headers([texts] if isinstance(texts, str) else list(texts or ()))
    cert, key = (str(Path(name).absolute()) if name else "" for name in (options.cert, options.key))
    if key and not cert:
        raise UsageError("--key was given without --cert: give the key's certificate as well.")
    if cert:
        load_client_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), cert, key)
    return Access(headers, cert, key)


def parse_headers(texts: Sequence[str], environment: Mapping[str, str] = os.environ) -> HeaderLines:
    """Names and values of headers. From here on the values are shown nowhere.

    Raises:
        UsageError: one of them is not a header, is given twice, or would break what is measured. No value is quoted.
    """
    if len(texts) > MOST_HEADERS:
        raise UsageError(f"--header was given {len(texts):,} times: give at most {MOST_HEADERS}.")
    headers: dict[str, tuple[str, str]] = {}
    for text in texts:
        name, colon, value_text = text.partition(":")
        name = name.strip(" \t")
        if not colon or not _NAME.fullmatch(name):
            raise UsageError(f"--header number {len(headers) + 1} has no name that a header can have: {_HOW}.")
        if why := REFUSED.get(name.lower()):
            raise UsageError(f"--header {name} cannot be given: {why}.")
        if name.lower() in headers:
            raise UsageError(f"--header {name} was given twice: give it once, with its values joined by commas.")
        header = headers[name.lower()] = (name, _value(name, value_text.strip(" \t"), environment))
        hide(*secrets_of_headers([header]))
    return tuple(headers.values())


def secrets_of_headers(headers: Sequence[tuple[str, str]]) -> list[str]:
    """The values that no answer should hold."""
    return [value for name, value in headers if name.lower() not in _NO_SECRETS]


def _value(name: str, text: str, environment: Mapping[str, str]) -> str:
    if text.startswith("@@"):
        value = text[1:]
    elif text.startswith("@$"):
        value = _of_variable(name, text[2:], environment)
    elif text.startswith("@"):
        value = _of_file(name, text[1:])
    else:
        value = text
    value = value.strip(" \t")
    if not value:
        raise UsageError(f"--header {name} has no value: {_HOW}.")
    if not all(character == "\t" or (character.isprintable() and ord(character) < 256) for character in value):
        raise UsageError(
            f"--header {name} has a value that no header can have (a line break, a control character, or a letter "
            "outside Latin-1): check what was pasted."
        )
    if len(value) > LONGEST_VALUE:
        raise UsageError(f"--header {name} has a value of {len(value):,} bytes: give at most {LONGEST_VALUE:,}.")
    return value


def _of_variable(name: str, variable: str, environment: Mapping[str, str]) -> str:
    if not _VARIABLE.fullmatch(variable):
        raise UsageError(f"--header {name} names no variable that there can be: give 'NAME: @$VARIABLE'.")
    if not environment.get(variable, "").strip():
        raise UsageError(f"--header {name} is to come from ${variable}, which is not set: export it, or {_HOW}.")
    return environment[variable].rstrip("\r\n")


def _of_file(name: str, file: str) -> str:
    if not file:
        raise UsageError(f"--header {name} names no file: {_HOW}.")
    try:
        content = read_small_file(Path(file).expanduser(), 4 * LONGEST_VALUE)
    except FileNotFoundError:
        raise UsageError(
            f"--header {name} is to come from the file {printable(file, 80)}, which is not there: fix its name, or "
            "write @@ for a value that begins with @."
        ) from None
    except UnreadableFileError as error:
        raise UsageError(f"--header {name} is to come from {cut(printable(file, 80))}, but {error}.") from None
    try:
        return content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UsageError(f"--header {name} is to come from {printable(file, 80)}, which is not text.") from None
