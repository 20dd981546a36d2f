"""Entity tags: parsed as RFC 9110, section 8.8.3, has them, and which document they name."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.probe.entity_tags import EntityTag, parse
from loadtest.probe.etag_names import Named, names_of
from loadtest.probe.model import CaseVerdict

OPAQUE = st.text(st.sampled_from([chr(c) for c in (0x21, *range(0x23, 0x7F), *range(0x80, 0x100))]))


@given(OPAQUE, st.booleans())
def test_what_is_written_is_read_again(opaque, weak):
    assert parse(str(EntityTag(opaque, weak))) == EntityTag(opaque, weak)


@given(OPAQUE, OPAQUE, st.booleans(), st.booleans())
def test_weak_comparison_is_about_the_opaque_part_alone(one, other, weak_one, weak_other):
    assert EntityTag(one, weak_one).matches(EntityTag(other, weak_other)) == (one == other)
    assert not EntityTag(one).matches(None)


@pytest.mark.parametrize(
    "value",
    [None, "", "abc", '"abc', 'abc"', 'w/"abc"', "W/abc", '"a"b"', '"a", "b"', "*", '"a b"', 'W/ "abc"', '"a"x', "'a'"],
)
def test_what_is_not_exactly_one_entity_tag_is_none(value):
    assert parse(value) is None


def test_the_examples_of_the_rfc():
    assert parse('"xyzzy"') == EntityTag("xyzzy")
    assert parse('W/"xyzzy"') == EntityTag("xyzzy", weak=True)
    assert parse('""') == EntityTag("")
    assert parse(' "xyzzy" ') == EntityTag("xyzzy")


A, B = "a" * 32, "b" * 32
MD5_OF_TWO = hashlib.md5(b"two", usedforsecurity=False).hexdigest()
FAIL, DEVIATES, PASS = CaseVerdict.FAIL, CaseVerdict.DEVIATES, CaseVerdict.PASS


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (((f'"{A}"',), A), ((f'W/"{B}"', B), B), PASS),
        ((('"own-1"',), A), (('"own-2"',), B), DEVIATES),
        ((('"own-1"',), None), (('"own-2"',), None), PASS),
        (((f'"{B}"',), A), (('"own-2"',), B), FAIL),  # the store told that one whoever put the other document
        (((A,), A), ((A,), A), FAIL),
        (((f'"{MD5_OF_TWO}"',), None), (('"own"',), None), FAIL),  # S3's name of the other document
        ((('"2"',), "1"), (('"3"',), "2"), DEVIATES),  # two counters
        ((("1",), "1"), (("1", "2"), "2"), FAIL),
        (((A,), A), ((None,), B), FAIL),
        (((A, "x", A), A), ((B,), B), FAIL),
        (((A, "x"), A), ((B,), B), DEVIATES),
    ],
)
def test_what_two_documents_may_be_called(first, second, expected):
    assert names_of([Named(b"one", *first), Named(b"two", *second)]).verdict is expected


@given(
    st.lists(
        st.tuples(st.text(min_size=1), st.text(min_size=13)), min_size=2, max_size=4, unique_by=lambda names: names[0]
    )
)
def test_an_etag_that_came_with_two_documents_fails_whatever_else_came(names):
    documents = [Named(str(n).encode(), (came, "shared"), told) for n, (came, told) in enumerate(names)]
    assert names_of(documents).verdict is FAIL
