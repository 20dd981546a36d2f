"""JSON documents of many shapes, as other people write them; for tests."""

import json
from typing import Any

from hypothesis import strategies as st

GEO = (
    b'{\n  "type": "FeatureCollection",\n  "features": [\n    {"type": "Feature", "geometry": {"type": "Point", '
    b'"coordinates": [125.6, 10.1e0]},\n     "properties": {"name": "Dinagat \\u00cdslands", "empty": {}}}\n  ]\n}\n'
)
LIST_AT_THE_TOP = b'[\r\n\t{"id" : 9007199254740993, "price": 1.10},{"id":2,"price":-0.0E+5}  ,\n null, true, [ ] ] \n'
NOT_ASCII = (
    '{"título": "Größe 大きさ 🎈", "meta": {"revision": "r-17", "größe": 1}, "z": "\\ud83c\\udf88 \\/"}'.encode()
)
TWICE = b'{"a": 1, "a": 2, "meta": {"x": 1, "x": 2, "revision": 12345678901234567890123}, "a": {"revision": 0}}'
MARKED = (
    b"\xef\xbb\xbf" + b'{"meta":{"revision":"one"},"rows":[' + b",".join(b'{"n":%d}' % n for n in range(40)) + b"]}"
)
HUGE_NUMBER = b'{"meta": {}, "digits": ' + b"7" * 6000 + b', "nan": NaN, "tiny": 1e-9999}'
DEEP = b'{"meta":{"revision":1},"deep":' + b'{"d":[' * 60 + b"0" + b"]}" * 60 + b"}"
SHAPES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "geo": (GEO, ("/revision", "/features/0/properties/name", "/features/0/properties/empty/new")),
    "list at the top": (LIST_AT_THE_TOP, ("/0/id", "/1/price", "/1/revision")),
    "not ASCII": (NOT_ASCII, ("/meta/revision", "/título", "/meta/größe", "/meta/~0~1 \N{SNOWMAN}", "/z")),
    "keys twice": (TWICE, ("/meta/revision", "/new", "/meta/new")),
    "byte-order mark": (MARKED, ("/meta/revision", "/revision", "/rows/3/n")),
    "huge number": (HUGE_NUMBER, ("/meta/revision", "/digits", "/tiny")),
    "deep": (DEEP, ("/meta/revision",)),
}

_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12)
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)


@st.composite
def stampable(draw: st.DrawFn) -> tuple[bytes, str]:
    """A JSON text, spelled in one of many ways, and a pointer to a field that can carry a stamp."""
    value: Any = draw(
        st.dictionaries(st.text(max_size=6), _values, min_size=1, max_size=4) | st.lists(_values, min_size=1)
    )
    pointer, at = "", value
    while True:
        inner = list(at.items()) if isinstance(at, dict) else [(str(index), each) for index, each in enumerate(at)]
        fits = [(key, each) for key, each in inner if each and isinstance(each, dict | list)]
        if not fits or draw(st.booleans()):
            break
        key, at = draw(st.sampled_from(fits))
        pointer += f"/{_escaped(key)}"
    ready = [key for key, each in inner if isinstance(each, str | int | float) and not isinstance(each, bool)]
    if isinstance(at, dict) and (not ready or draw(st.booleans())):
        pointer += f"/{_escaped(draw(st.text(max_size=6).filter(lambda key: key not in at)))}"
    elif ready:
        pointer += f"/{_escaped(draw(st.sampled_from(ready)))}"
    else:
        return b'{"rows": []}', "/revision"
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 0, 3, "\t"])))
    document = draw(st.sampled_from(["", "\ufeff", "\n ", "\r\n\t"])).encode() + text.encode(errors="replace")
    return document + draw(st.sampled_from([b"", b"\n", b" \r\n"])), pointer


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


# -- spelled in any way that RFC 8259 allows: json.dumps writes one of them


def _list_of(values: list[str]) -> str:
    return "[" + " ,\n".join(values) + " ]"


def _object_of(members: list[tuple[str, str]]) -> str:
    """With every member that it is given: a key may be there twice."""
    return "{\t" + ",".join(f"{key} : {value}" for key, value in members) + "}"


_white = st.text(alphabet=" \t\r\n", max_size=2)
_numbers = st.tuples(
    st.sampled_from(["", "-"]),
    st.integers(0, 10**40).map(str),
    st.just("") | st.integers(0, 10**30).map(lambda digits: f".{digits:02}"),
    st.just("") | st.tuples(st.sampled_from(["e", "E", "e+", "E-"]), st.integers(0, 9999).map(str)).map("".join),
).map("".join)
_pieces = (
    *("\\u00e9", "\\ud83c\\udf88", "\\/", "\\n", "\\\\", '\\"', "\\u0000"),
    *("é", "大", "🎈", " ", "a", "~", "/", "\x7f"),
)
_strings = st.lists(st.sampled_from(_pieces), max_size=6).map(lambda pieces: f'"{"".join(pieces)}"')
_spellings = st.recursive(
    _strings | _numbers | st.sampled_from(["null", "true", "false"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(_list_of) | st.lists(st.tuples(_strings, inner), max_size=3).map(_object_of)
    ),
    max_leaves=8,
)


@st.composite
def spelled(draw: st.DrawFn) -> tuple[bytes, str]:
    """A JSON text with numbers, escapes and nesting of all kinds, and a pointer to a field that can be stamped."""

    def around(key: str, value: str) -> str:
        """An object in which this member is there once, among others that may be there twice."""
        others = draw(st.lists(st.tuples(_strings, _spellings), max_size=4))
        others = [(name, of) for name, of in others if json.loads(name) != json.loads(key)]
        place = draw(st.integers(0, len(others)))
        return _object_of([*others[:place], *([(key, value)] if value else []), *others[place:]])

    key = draw(_strings)
    text = around(key, draw(_strings | _numbers | st.just("")))  # the last: it is not there yet
    pointer = f"/{_escaped(json.loads(key))}"
    for _ in range(draw(st.integers(0, 6))):
        if draw(st.booleans()):
            before, after = draw(st.lists(_spellings, max_size=2)), draw(st.lists(_spellings, max_size=2))
            text, pointer = _list_of([*before, text, *after]), f"/{len(before)}{pointer}"
        else:
            key = draw(_strings)
            text, pointer = around(key, text), f"/{_escaped(json.loads(key))}{pointer}"
    start = draw(st.sampled_from(["", "\ufeff"])) + draw(_white)
    return f"{start}{text}{draw(_white)}".encode(), pointer
