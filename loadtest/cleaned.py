"""What may be shown of addresses, and of what a target sent: no secret, no control character, no endless line.

An address may hold a secret (``https://user:password@host``, ``?key=…``, ``#token``), and whatever quotes an address
may hold it too: the text of an exception, an error page, a Location. What a target sends is somebody else's text.
"""

from __future__ import annotations

import base64
import html
import json
import re
from typing import Final
from urllib.parse import quote, unquote, unquote_plus

MOST_SHOWN: Final = 200
_HIDDEN: Final = "…"
_NO_PORT: Final = re.compile(r":(?!\d*$)[^]]*$")
"""What stands where a port should: in "user:pass/word" it is part of a password, so it is hidden."""
_SCHEME: Final = re.compile(r"[\s'\"]*(?:(?i:https?)[^\w@/[]*/+|[\w+.-]+(?:[^\w\s@/+.-]*//+|:/+))")
"""Also as it may be mistyped (``https:/``, ``https//``): what follows may hold a password all the same."""


_told: Final[set[str]] = set()
_MISREAD: Final = (("latin-1", "utf-8"), ("utf-8", "latin-1"))
"""A value is sent in Latin-1, and may come back as it was or in UTF-8, and be read as the other."""
LEAST_SECRET: Final = 4
"""What is shorter is looked for in no text: it would be found everywhere."""


LEAST_PART: Final = 8
"""The same for a part of one that has several, such as a cookie's."""


def hide(*secrets: str) -> None:
    """Have this process show these no more, however a target sends them back: values of headers, that is.

    Addresses carry their secrets along; a header's value does not, and whoever shows a text need not know of it.
    """
    for secret in secrets:
        if len(secret) >= LEAST_SECRET:
            _told.update(_spellings(secret))
        kind, _, credentials = secret.partition(" ")  # as in "Bearer TOKEN"
        if credentials and kind.isalpha() and len(credentials) >= LEAST_SECRET:
            _told.update(_spellings(credentials.strip()))
        for part in re.split(r"[;,] *", secret):  # as in "Cookie: session=TOKEN; other=TOKEN"
            if len(value := part.partition("=")[2].strip('" ')) >= LEAST_PART:
                _told.update(_spellings(value))


def _spellings(secret: str) -> set[str]:
    """A secret as it is, and as it may stand in an address, in HTML, in JSON and in a Basic credential."""
    encoded = base64.b64encode(secret.encode()).decode()
    misread = {secret.encode(one, "replace").decode(other, "replace") for one, other in _MISREAD}
    spelled = {
        *misread,
        secret,
        quote(secret, safe=""),
        quote(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        encoded,
    }
    return {form for form in spelled if len(form.replace("\ufffd", "")) >= LEAST_SECRET}


def holds_hidden(text: str) -> bool:
    """Whether ``text`` holds something that this process was told to hide."""
    return any(secret in text for secret in _told)


def without_hidden(text: str) -> str:
    """``text`` without what this process was told to hide."""
    if _told and holds_hidden(text):
        for secret in sorted(_told, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
    return text


def public_url(url: str) -> str:
    """An address as it may be written and shown: without user and password, and without the values of its query."""
    address, asks, query = url.partition("#")[0].partition("?")
    scheme = _SCHEME.match(address)
    rest = address[scheme.end() :] if scheme else address
    authority, slash, path = rest.partition("/")
    if "@" in path and "@" not in authority and _NO_PORT.search(authority):
        authority, slash, path = path.rpartition("@")[2].partition("/")  # the password holds a slash
    host = _NO_PORT.sub(":…", authority.rpartition("@")[2])
    pairs = (pair.partition("=") for pair in query.split("&"))
    shown = "&".join(f"{name}=…" if equals else "…" for name, equals, _ in pairs)
    return f"{scheme[0] if scheme else ''}{host}{slash}{path}" + (f"{asks}{shown}" if query else asks)


def printable(text: str, most: int = MOST_SHOWN) -> str:
    """``text`` in one line, with what would not be seen escaped, cut to ``most`` characters."""
    text = without_hidden(text)  # before it is cut: half a secret is one, too
    cut = text[: most + 1]
    line = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in " ".join(cut.split())
    )
    return line if len(text) <= most and len(line) <= most else line[: most - 1] + _HIDDEN


def secrets_of(url: str) -> tuple[str, ...]:
    """Every part of an address that is not shown, as it is spelled there and as it may be spelled elsewhere."""
    rest, _, fragment = url.partition("#")
    rest, _, query = rest.partition("?")
    userinfo = (rest.partition("://")[2] or rest).rpartition("@")[0]
    values = [pair.partition("=")[2] or pair for pair in query.split("&")]
    basic = base64.b64encode(unquote(userinfo).encode()).decode()
    raw = [fragment, *values, userinfo, *userinfo.split(":", 1), basic]
    spelled = {
        form for part in raw for form in (part, unquote(part), unquote_plus(part), quote(unquote(part), safe=""))
    }
    return tuple(sorted((part for part in spelled if part and part not in public_url(url)), key=len, reverse=True))


def without_secrets(text: str, url: str) -> str:
    """``text``, which may quote ``url``, without what is secret in it; other addresses in it are cleaned as well."""
    text = text.replace(url, public_url(url))
    for secret in secrets_of(url):
        text = text.replace(secret, _HIDDEN)
    return without_addresses(text)


def without_addresses(text: str) -> str:
    """``text`` with every address in it as it may be shown, and without what is hidden."""
    return _ADDRESS.sub(lambda match: public_url(match[0]), without_hidden(text))


_ADDRESS: Final = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)


def shown(text: str, url: str, most: int = MOST_SHOWN) -> str:
    """What a target at ``url`` sent, as it may be shown."""
    return printable(without_secrets(text, url), most)


def in_words(failure: BaseException, url: str) -> str:
    """What an exception says, as it may be shown; of a client's "too many attempts", what the last one failed with."""
    failure = getattr(failure, "original", None) or failure
    said = getattr(failure, "strerror", None) or str(failure) or type(failure).__name__
    return shown(f"{type(failure).__name__}: {said}" if said != type(failure).__name__ else said, url)


_QUOTED_VALUES: Final = (
    (re.compile(r"(unrecognized arguments: )(.*)", re.DOTALL), lambda found: found[1] + _names_in(found[2])),
    (re.compile(r"(ambiguous option: -[^=\s]*)=.*( could match )", re.DOTALL), lambda found: f"{found[1]}=…{found[2]}"),
    (re.compile(r"(ignored explicit argument ).*", re.DOTALL), lambda found: f"{found[1]}{_HIDDEN}"),
)


def without_values(message: str) -> str:
    """What argparse says is wrong, without what was given to an option: a mistyped ``--header`` may hold a secret."""
    for pattern, shown_of in _QUOTED_VALUES:
        message = pattern.sub(shown_of, message)
    return message


def _names_in(arguments: str) -> str:
    """The names of options among arguments that nobody knows; "…" stands for everything else."""
    words = [word.partition("=")[0] if word.startswith("--") else "…" for word in arguments.split()]
    return " ".join(word for place, word in enumerate(words) if word != "…" or words[place - 1 : place] != ["…"])


_STEERING: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
"""Controls, lone surrogates, and the two last code points of plane 0, which are no characters in XML. The bidirectional
overrides can make a line show something that it does not say."""


def clean(text: str) -> str:
    """``text`` without characters that steer terminals or that XML forbids; line breaks and tabs become spaces."""
    spaced = text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ").replace("\t", " ")
    return _STEERING.sub("\ufffd", spaced)
