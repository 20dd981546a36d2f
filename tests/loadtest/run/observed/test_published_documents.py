"""What ``python -m loadtest publish`` publishes: JSON of the size that was asked for, and no two that are alike."""

import json

import pytest

from loadtest.commands.publish import LEAST_BYTES, document
from loadtest.run.documents.mixing import share_of_cuts_seen
from loadtest.run.documents.observed import ObservedVerifier
from loadtest.run.records import ReadOutcome


@pytest.mark.parametrize("size", [LEAST_BYTES, 500, 2_000, 16 * 1024, 300_000])
def test_it_is_json_of_about_that_size(size: int) -> None:
    body = document(3, size)
    assert json.loads(body)["revision"] == 3
    assert abs(len(body) - size) <= 80


def test_a_mix_of_two_in_turn_is_neither_of_them_wherever_it_is_cut() -> None:
    """Else a run that watches could not see that its answers are torn; each time anew, also in another process."""
    for before, after in ((document(1, 2_000), document(2, 2_000)), (document(0, 2_000), document(0, 2_000))):
        assert share_of_cuts_seen(before, after) > 0.9


def test_many_broken_bodies_do_not_push_out_the_documents_that_they_are_compared_with() -> None:
    """Each mix is cut a little earlier than the one before, so that no two of them make a third."""
    verifier, said = ObservedVerifier(), dict[int, int | None]()
    verifier.tell = lambda told: said.update({told["body"]: told["said"]})
    before, after = document(1, 2_000), document(2, 2_000)
    mixes = [after[:cut] + before[cut:] for cut in range(1_800, 200, -40)]
    for body in (before, before[:500], before, after):
        verifier.identify(body)
    numbers = []
    for mix in mixes:
        numbers.append(verifier.identify(mix).version)
        verifier.identify(after)
    assert [said[number] for number in numbers] == [ReadOutcome.TORN] * len(mixes)
