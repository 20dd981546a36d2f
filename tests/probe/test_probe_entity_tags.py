"""Entity tags are parsed as RFC 9110, section 8.8.3, has them, and compared weakly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.probe.entity_tags import EntityTag, parse

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
