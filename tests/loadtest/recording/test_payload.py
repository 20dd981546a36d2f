"""Documents prove themselves: whole, torn, truncated, corrupt and foreign bodies are told apart, for every size."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.payload import MAXIMUM_BYTES, MINIMUM_BYTES, Identity, Verifier, identify, render
from loadtest.records import NO_VERSION, ReadOutcome

RUN = "0123456789ab"
sizes = st.integers(MINIMUM_BYTES, 6000)
versions = st.integers(0, 2**31 - 1)


def outcome(body: bytes, size: int) -> ReadOutcome:
    return identify(body, RUN, size).outcome


@given(versions, sizes)
def test_a_document_is_json_of_exactly_its_size_and_names_its_version(version: int, size: int) -> None:
    body = render(RUN, version, size)
    assert len(body) == size
    content = json.loads(body)
    assert content["run"] == RUN
    assert content["version"] == version
    assert all(sample["version"] == version for sample in content["samples"])
    assert content["end"] == f"{RUN}/{version}"
    assert identify(body, RUN, size) == (ReadOutcome.WHOLE, version)


@pytest.mark.parametrize("size", [MINIMUM_BYTES, 1024 * 1024, MAXIMUM_BYTES])
def test_the_smallest_and_the_largest_document_are_whole(size: int) -> None:
    assert identify(render(RUN, 7, size), RUN, size) == (ReadOutcome.WHOLE, 7)


@given(versions, sizes, st.data())
def test_every_proper_prefix_is_truncated(version: int, size: int, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, size - 1))
    assert outcome(render(RUN, version, size)[:length], size) is ReadOutcome.TRUNCATED


@given(versions, st.integers(400, 6000), st.data())
def test_one_changed_byte_is_corrupt_and_never_whole(version: int, size: int, data: st.DataObject) -> None:
    body = bytearray(render(RUN, version, size))
    place = data.draw(st.integers(0, size - 1))
    body[place] ^= data.draw(st.integers(1, 127))
    assert outcome(bytes(body), size) in (ReadOutcome.CORRUPT, ReadOutcome.FOREIGN)
    assert identify(bytes(body), RUN, size).version == NO_VERSION


@given(st.integers(0, 10**6), st.sampled_from([-1, 1]), st.integers(700, 6000), st.data())
def test_a_mix_of_two_versions_is_torn(version: int, step: int, size: int, data: st.DataObject) -> None:
    other = max(0, version + step)
    first, second = render(RUN, version, size), render(RUN, other, size)
    start = data.draw(st.integers(0, size - 200))
    end = data.draw(st.integers(start + 120, size))
    mixed = first[:start] + second[start:end] + first[end:]
    least_foreign = min(sum(a != b for a, b in zip(mixed, whole, strict=True)) for whole in (first, second))
    expected = {ReadOutcome.TORN} if least_foreign >= 8 else {ReadOutcome.TORN, ReadOutcome.CORRUPT}
    assert outcome(mixed, size) in (expected if least_foreign else {ReadOutcome.WHOLE})


def test_a_mix_of_versions_far_apart_is_torn_when_both_are_named() -> None:
    first, second = render(RUN, 3, 4096), render(RUN, 90_000, 4096)
    assert outcome(first[:2000] + second[2000:], 4096) is ReadOutcome.TORN


def test_a_whole_document_of_another_run_is_foreign() -> None:
    assert outcome(render("f" * 12, 3, 4096), 4096) is ReadOutcome.FOREIGN


def test_any_other_json_is_foreign_and_an_error_page_is_corrupt() -> None:
    assert outcome(b'{"samples": []}', 4096) is ReadOutcome.FOREIGN
    assert outcome(b"<Error><Code>NoSuchKey</Code></Error>", 4096) is ReadOutcome.CORRUPT


def test_a_document_with_more_behind_it_is_corrupt() -> None:
    assert outcome(render(RUN, 3, 4096) + b" ", 4096) is ReadOutcome.CORRUPT


@given(st.binary(max_size=2000))
def test_no_bytes_whatever_raise_or_pass_for_whole(body: bytes) -> None:
    assert outcome(body, 1000) is not ReadOutcome.WHOLE


def test_the_verifier_agrees_with_identify_when_versions_alternate_and_a_body_breaks() -> None:
    verifier = Verifier(RUN, 2048, keep=2)
    for version in [0, 1, 0, 2, 1, 3, 3, 0, 5, 4]:
        body = render(RUN, version, 2048)
        assert verifier.identify(body) == Identity(ReadOutcome.WHOLE, version)
        broken = body[:-3] + b"xx}"  # same header as a body it holds
        assert verifier.identify(broken) == Identity(ReadOutcome.CORRUPT, NO_VERSION)
    assert verifier.identify(b"") == Identity(ReadOutcome.TRUNCATED, NO_VERSION)
