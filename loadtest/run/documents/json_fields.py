"""Finds a field in the text of a JSON document, byte for byte, so that nothing else need be changed.

A document that is parsed and written anew is another one: white space, order, escapes, duplicate keys and numbers that
no float holds would be lost. So this walks through the text itself, and gives the span of a value, or the place where a
missing field may be added, in bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from jsonpointer import JsonPointer, JsonPointerException

_NUMBERS_AS_TEXT: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
"""Python refuses to turn a number of more than 4,300 digits into an int."""
_WHITE: Final = re.compile(r"[ \t\r\n]*")
_DIGITS: Final = frozenset("0123456789")
_BYTE_ORDER_MARK: Final = "\ufeff"


class StampPlace(NamedTuple):
    """Where a stamp goes: in place of the bytes from ``start`` to ``end``, between ``before`` and ``after``."""

    start: int
    end: int
    before: str
    is_number: bool


class NoPlaceError(ValueError):
    """A document has no place for a stamp; the text is the end of a sentence about it."""


class _Member(NamedTuple):
    """A member of an object, or an element of a list, by its indexes in the text."""

    key: str
    start: int
    end: int


def place_in(document: bytes, pointer: str) -> StampPlace:
    """The place of the field that a JSON Pointer (RFC 6901) names.

    Raises:
        NoPlaceError: the document is not JSON, or the field is missing, not unique, or neither text nor a number.
    """
    text = _text_of(document)
    start = end = _white_end(text, 1 if text.startswith(_BYTE_ORDER_MARK) else 0)
    walked = ""
    tokens = tokens_of(pointer)
    for depth, token in enumerate(tokens):
        members = [member for member in _members(text, start) if member.key == token]
        if len(members) > 1:
            raise NoPlaceError(f"has {walked}/{token} more than once, and readers may take any of them")
        if not members and depth == len(tokens) - 1 and text[start] == "{":
            return _added(text, start, token)
        if not members:
            raise NoPlaceError(f"has nothing at {walked}/{token}{_why_not(text, start)}")
        start, walked = members[0].start, f"{walked}/{token}"
    end = _value_end(text, start)
    if text[start] != '"' and text[start:end].lstrip("-")[:1] not in _DIGITS:
        raise NoPlaceError(f"has neither text nor a number at {pointer or 'its top'}")
    return StampPlace(_bytes_before(text, start), _bytes_before(text, end), "", text[start] != '"')


def tokens_of(pointer: str) -> list[str]:
    """The names on the way to a field.

    Raises:
        NoPlaceError: this is not a JSON Pointer.
    """
    try:
        return list(map(str, JsonPointer(pointer).parts))
    except JsonPointerException:
        why = "is not a JSON Pointer: write /meta/revision, with ~1 for a slash and ~0 for a tilde"
        raise NoPlaceError(why) from None


def _text_of(document: bytes) -> str:
    try:
        text = document.decode()
    except UnicodeDecodeError:
        raise NoPlaceError("is not UTF-8") from None
    try:
        start = _white_end(text, 1 if text.startswith(_BYTE_ORDER_MARK) else 0)
        _, end = _NUMBERS_AS_TEXT.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise NoPlaceError(f"is not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from None
    except RecursionError:
        raise NoPlaceError("is nested too deep") from None
    if _white_end(text, end) != len(text):
        raise NoPlaceError("is not JSON (something follows its end)")
    return text


def _members(text: str, start: int) -> Iterator[_Member]:
    """The members of the object, or the elements of the list, that starts there; nothing for other values."""
    if text[start] not in "{[":
        return
    at, index, is_object = _white_end(text, start + 1), 0, text[start] == "{"
    while text[at] not in "}]":
        key: Any = str(index)
        if is_object:
            key, at = _NUMBERS_AS_TEXT.raw_decode(text, at)
            at = _white_end(text, _white_end(text, at) + 1)
        end = _value_end(text, at)
        yield _Member(key, at, end)
        index += 1
        at = _white_end(text, end)
        if text[at] == ",":
            at = _white_end(text, at + 1)


def _added(text: str, start: int, key: str) -> StampPlace:
    """The place of a new member: after the last one, and before the white space that follows it."""
    last = None
    for last in _members(text, start):  # noqa: B007 - the last one is what is wanted
        pass
    at = _bytes_before(text, start + 1 if last is None else last.end)
    return StampPlace(at, at, f"{'' if last is None else ','}{json.dumps(key)}:", False)


def _why_not(text: str, start: int) -> str:
    if text[start] == "[":
        return ", where there is a list: only an object may be given a new field"
    return ": the object that is to hold the new field must be there" if text[start] == "{" else ""


def _value_end(text: str, start: int) -> int:
    return int(_NUMBERS_AS_TEXT.raw_decode(text, start)[1])


def _white_end(text: str, start: int) -> int:
    match = _WHITE.match(text, start)
    return match.end() if match else start


def _bytes_before(text: str, index: int) -> int:
    return len(text[:index].encode())
