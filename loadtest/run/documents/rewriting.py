"""Undoes what something on the way may have done to a document: encodings, wrappings, and JSON written anew.

A gateway, a proxy or a template may pass a document on as the same JSON in other bytes. Everything here has a limit,
because a body from outside may be built to expand, or to nest, for ever.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

MOST_LAYERS: Final = 3
"""Encodings inside one another that are undone."""
_CALL: Final = re.compile(rb"\s*[\w.$]{1,100}\s*\(")
_GUARD: Final = re.compile(rb"\)\]\}',?\r?\n|while\(1\);|for\(;;\);")
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_HTML_ESCAPES: Final = (
    (b"&quot;", b'"'),
    (b"&#34;", b'"'),
    (b"&#x22;", b'"'),
    (b"&#39;", b"'"),
    (b"&#x27;", b"'"),
    (b"&#47;", b"/"),
    (b"&#x2F;", b"/"),
    (b"&lt;", b"<"),
    (b"&gt;", b">"),
    (b"&amp;", b"&"),
)
_WHITE: Final = b" \t\r\n"
_LEAST_BYTES_A_VALUE: Final = 16
"""A document has at least so many bytes for each object and list. A body with more objects and lists is not parsed."""
_SPARE_VALUES: Final = 64
SPELLED_ANEW: Final = "spelled anew as JSON (white space, order of keys or escapes)"


def looks_like_json(body: bytes) -> bool:
    """Whether a body may be JSON, by its ends. It is not parsed, which takes long where it is large."""
    return body[:64].lstrip()[:1] in (b"{", b"[") and body[-64:].rstrip()[-1:] in (b"}", b"]")


def undone(body: bytes, limit: int) -> Iterator[tuple[bytes, str]]:
    """``body`` with one layer after the other taken off, each time with the names of these layers.

    It ends where what is inside has more than ``limit`` bytes.
    """
    layers: list[str] = []
    for _ in range(MOST_LAYERS):
        for name, take_off in _LAYERS:
            inner = take_off(body, limit)
            if inner is not None and inner != body and len(inner) <= limit:
                layers.append(name)
                body = inner
                yield body, ", ".join(layers)
                break
        else:
            return


def objects_in(body: bytes, limit: int) -> Iterator[tuple[dict[str, Any], str]]:
    """The JSON objects that ``body`` is, or holds one level down, each with what was done to it."""
    for text, layers in ((body, ""), *undone(body, limit)):
        if text.count(b"{") + text.count(b"[") > _SPARE_VALUES + len(text) // _LEAST_BYTES_A_VALUE:
            continue
        try:
            value = json.loads(text.decode())  # given bytes, it would accept other encodings by itself
        except (ValueError, RecursionError):
            continue
        before = f"{layers}, " if layers else ""
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        yield from ((each, f"{before}{SPELLED_ANEW}") for each in (value,) if isinstance(each, dict))
        yield from ((each, f"{before}wrapped in other JSON") for each in inner if isinstance(each, dict))


def _without_mark(body: bytes, _limit: int) -> bytes | None:
    return body.removeprefix(codecs.BOM_UTF8)


def _from_utf16(body: bytes, _limit: int) -> bytes | None:
    if not body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"{\x00", b"\x00{")):
        return None
    name = "utf-16" if body[:1] in (b"\xff", b"\xfe") else "utf-16-le" if body[:1] == b"{" else "utf-16-be"
    try:
        return body.decode(name).encode()
    except UnicodeError:
        return None


def _decompressed(body: bytes, limit: int) -> bytes | None:
    if body[:2] != b"\x1f\x8b" and body[:1] != b"\x78":
        return None
    inflating = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        inner = inflating.decompress(body, limit + 1)
    except zlib.error:
        return None
    return inner if inflating.eof else None


def _without_white(body: bytes, _limit: int) -> bytes | None:
    return body.strip(_WHITE)


def _from_json_string(body: bytes, _limit: int) -> bytes | None:
    if not (body.startswith(b'"') and body.endswith(b'"')):
        return None
    try:
        inner = json.loads(body)
        return inner.encode() if isinstance(inner, str) else None
    except ValueError:
        return None


def _from_base64(body: bytes, _limit: int) -> bytes | None:
    text = body.translate(bytes.maketrans(b"-_", b"+/"), _WHITE)
    if not text or text.rstrip(b"=").translate(None, _BASE64):
        return None
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return None


def _without_call(body: bytes, _limit: int) -> bytes | None:
    end = body.rstrip(_WHITE).removesuffix(b";").rstrip(_WHITE)  # as a regular expression this took quadratic time
    match = _CALL.match(end) if end.endswith(b")") else None
    return end[match.end() : -1] if match else None


def _without_guard(body: bytes, _limit: int) -> bytes | None:
    match = _GUARD.match(body)
    return body[match.end() :] if match else None


def _from_html(body: bytes, _limit: int) -> bytes | None:
    if not any(quote in body for quote, _ in _HTML_ESCAPES[:3]):
        return None
    for escape, character in _HTML_ESCAPES:  # html.unescape knows thousands, takes seconds, and may raise
        body = body.replace(escape, character)
    return body


_LAYERS: Final[tuple[tuple[str, Callable[[bytes, int], bytes | None]], ...]] = (
    ("a byte-order mark before it", _without_mark),
    ("in UTF-16", _from_utf16),
    ("compressed", _decompressed),
    ("white space around it", _without_white),
    ("as a JSON string", _from_json_string),
    ("in base64", _from_base64),
    ("in a function call", _without_call),
    ("behind a guard against scripts", _without_guard),
    ("with HTML escapes", _from_html),
)
