"""A stamp changes one field and not a byte beside it, and a stamped document tells which version it is."""

import json
from functools import lru_cache
from typing import Any

import pytest
from drawing import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonpointer import JsonPointer
from shapes import GEO, NOT_ASCII, SHAPES, spelled, stampable

from loadtest.run.documents.json_fields import NoPlaceError, place_in
from loadtest.run.documents.mixing import share_of_cuts_seen
from loadtest.run.documents.stamped import Stamped
from loadtest.run.documents.stamps import MOST_NUMBERED, Template, maker_of, number_of, version_of_number
from loadtest.run.records import NO_VERSION, ReadOutcome

RUN, OTHER = "0123456789ab", "ba9876543210"
versions = st.integers(0, MOST_NUMBERED - 1)
CASES = [(document, pointer) for document, pointers in SHAPES.values() for pointer in pointers]


def template(document: bytes, *pointers: str) -> Template:
    return Template(document, [place_in(document, pointer) for pointer in pointers])


def stamped(document: bytes, *pointers: str) -> Stamped:
    return Stamped(RUN, [template(document, *pointers)])


@lru_cache(maxsize=2)  # a document and what was made of it
def parsed(text: bytes) -> Any:
    """Every member with its key and in its place, so that two of one key are seen, and numbers as they are spelled."""
    return json.loads(
        text.removeprefix(b"\xef\xbb\xbf").decode(),
        object_pairs_hook=lambda pairs: ("object", [list(pair) for pair in pairs]),
        parse_int=lambda digits: ("number", digits),
        parse_float=lambda digits: ("number", digits),
        parse_constant=lambda name: ("number", name),
    )


def differences(one: Any, other: Any, at: str = "") -> list[tuple[str, Any, Any]]:
    """Where two parsed documents differ; a member that only one has is a difference."""
    if isinstance(one, tuple) and isinstance(other, tuple) and one[0] == other[0] == "object":
        return differences([pair[1] for pair in one[1]], [pair[1] for pair in other[1]], at) + [
            (at, a, b)
            for a, b in zip([pair[0] for pair in one[1]], [pair[0] for pair in other[1]], strict=False)
            if a != b
        ]
    if isinstance(one, list) and isinstance(other, list):
        found = [each for a, b in zip(one, other, strict=False) for each in differences(a, b, at)]
        return (
            found + [(at, None, each) for each in other[len(one) :]] + [(at, each, None) for each in one[len(other) :]]
        )
    return [] if one == other else [(at, one, other)]


def check_that_nothing_else_changed(document: bytes, pointer: str, version: int) -> None:
    place = place_in(document, pointer)
    body = template(document, pointer).render(RUN, version)
    tail = len(document) - place.end
    assert body[: place.start] == document[: place.start]
    assert body[len(body) - tail :] == document[place.end :]
    ((_, before, after),) = differences(parsed(document), parsed(body))
    assert before is None or type(before) is type(after)
    if place.is_number:
        assert float(after[1]) == int(after[1]) == number_of(RUN, version)
    else:
        assert after.startswith(f"loadtest-{RUN}-{version:010d}-")
        assert maker_of(body) == RUN
    assert JsonPointer(pointer).resolve(json.loads(body.decode("utf-8-sig"), parse_int=str)) == (
        after[1] if place.is_number else after
    )


@pytest.mark.parametrize(("document", "pointer"), CASES, ids=lambda case: repr(case)[:30])
def test_real_documents_keep_every_other_byte(document: bytes, pointer: str) -> None:
    check_that_nothing_else_changed(document, pointer, 12)


@settings(max_examples=examples(150))
@given(stampable() | spelled(), versions)
def test_any_json_keeps_every_other_byte(case: tuple[bytes, str], version: int) -> None:
    check_that_nothing_else_changed(*case, version)


def test_five_megabytes_pass_through_with_one_field_changed() -> None:
    rows = b",\n".join(b'{"id": %d, "name": "Z\xc3\xbcrich", "price": 1.00e2}' % n for n in range(110_000))
    document = b'{"rows": [' + rows + b'],\n "meta": {"revision": "r1"}}'
    assert len(document) > 5_000_000
    body = template(document, "/meta/revision").render(RUN, 4)
    assert body.replace(body[len(document) - 5 : -3], b"", 1).startswith(document[: -len(b'"r1"}}')])
    assert stamped(document, "/meta/revision").verifier().identify(body) == (ReadOutcome.WHOLE, 4)


@settings(max_examples=examples(60))
@given(stampable() | spelled(), versions, versions)
def test_versions_differ_and_each_is_identified(case: tuple[bytes, str], one: int, other: int) -> None:
    documents = stamped(*(case[0], case[1]))
    assert (documents.render(one) == documents.render(other)) == (one == other)
    assert documents.verifier().identify(documents.render(one)) == (ReadOutcome.WHOLE, one)


@settings(max_examples=examples(60))
@given(stampable() | spelled(), stampable() | spelled(), st.integers(0, 10**6), st.data())
def test_what_is_cut_mixed_or_flipped_is_never_whole_as_another_version(
    one: tuple[bytes, str], other: tuple[bytes, str], version: int, data: st.DataObject
) -> None:
    documents = Stamped(RUN, [template(*one), template(*other)])
    verifier = documents.verifier()
    now, next_one = documents.render(version), documents.render(version + 1)
    assert verifier.identify(now, '"a"') == (ReadOutcome.WHOLE, version)
    cut = data.draw(st.integers(0, len(now) - 1))
    flipped = bytearray(now)
    flipped[cut] ^= data.draw(st.integers(1, 255))
    for body in (now[:cut], now[:cut] + next_one[cut:], next_one[:cut] + now[cut:], bytes(flipped)):
        found = verifier.identify(body, '"a"')
        if body in (now, next_one):
            assert found == (ReadOutcome.WHOLE, version + (body == next_one))
        else:
            assert found.version == NO_VERSION
            assert found.outcome not in (ReadOutcome.WHOLE, ReadOutcome.FOREIGN), body
    assert verifier.identify(now[:cut]).outcome is ReadOutcome.TRUNCATED


@given(versions)
def test_a_number_is_held_by_a_float_and_names_its_version_of_its_run(version: int) -> None:
    number = number_of(RUN, version)
    assert int(float(number)) == number
    assert version_of_number(RUN, str(number).encode()) == version
    assert version_of_number(OTHER, str(number).encode()) is None
    assert number_of(RUN, version + 1) > number


def test_several_fields_of_one_document_carry_the_stamp() -> None:
    both = stamped(GEO, "/first", "/features/0/properties/empty/x", "/second", "/features/0/properties/empty/y")
    body = both.render(3)
    found = json.loads(body)
    stamp = found["first"]
    assert found["second"] == stamp
    assert found["features"][0]["properties"]["empty"] == {"x": stamp, "y": stamp}
    assert maker_of(body) == RUN
    assert both.verifier().identify(body) == (ReadOutcome.WHOLE, 3)


def test_how_much_of_a_mix_can_be_seen() -> None:
    documents = stamped(b'{"first":"","rows":[' + b"1," * 500 + b'1],"last":""}', "/first", "/last")
    assert share_of_cuts_seen(documents.render(0), documents.render(1)) > 0.9
    once = stamped(b'{"first":"","rows":[' + b"1," * 500 + b"1]}", "/first")
    assert share_of_cuts_seen(once.render(0), once.render(1)) < 0.1
    assert share_of_cuts_seen(b"a", b"a") == 0


@pytest.mark.parametrize(
    ("document", "pointer", "said"),
    [
        (b'{"a": {}}', "/a", "has neither text nor a number at /a"),
        (b'{"a": null}', "/a", "neither text nor a number"),
        (b'{"a": NaN}', "/a", "neither text nor a number"),
        (b'{"a": -Infinity}', "/a", "neither text nor a number"),
        (b'{"a": 1, "\\u0061": 2}', "/a", "has /a more than once"),
        (b'{"a": {"b": 1}, "a": {}}', "/a/b", "has /a more than once"),
        (b'{"a": {}}', "/b/c", "has nothing at /b: the object that is to hold"),
        (b"[1, 2]", "/2", "where there is a list"),
        (b"[1, 2]", "/-", "where there is a list"),
        (b"[1, 2]", "/01", "has nothing at /01"),
        (b'{"a": 1}', "/a/b", "has nothing at /a/b"),
        (b'{"a": 1}', "a", "is not a JSON Pointer"),
        (b'{"a": 1}', "/~2", "is not a JSON Pointer"),
        (b'{"a": 1', "/a", "is not JSON (line 1, column 8"),
        (b'{"a": 1} {}', "/a", "something follows its end"),
        ('{"ä": 1}'.encode("latin-1"), "/a", "is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "/a", "is not UTF-8"),
        (b"", "/a", "is not JSON"),
        (b"[" * 100_000, "/a", "nested too deep"),
    ],
)
def test_where_there_is_no_place_one_sentence_says_why(document: bytes, pointer: str, said: str) -> None:
    with pytest.raises(NoPlaceError, match=said.replace("(", r"\(")):
        place_in(document, pointer)


def test_a_stamp_that_another_run_left_is_replaced_and_proves_that_run_where_it_stays() -> None:
    theirs = template(NOT_ASCII, "/meta/revision").render(OTHER, 7)
    assert maker_of(theirs) == OTHER
    assert maker_of(template(theirs, "/meta/revision").render(RUN, 1)) == RUN
    beside = template(theirs, "/revision").render(RUN, 1)
    assert maker_of(beside) == RUN
    assert stamped(theirs, "/revision").verifier().identify(beside) == (ReadOutcome.WHOLE, 1)
