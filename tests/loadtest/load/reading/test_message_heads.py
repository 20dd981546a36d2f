"""What heads say is found once for each of the last two, and never taken for that of another."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loadtest.http1.answer import Answer
from loadtest.load.reading.message_heads import Heads

FIELDS = [{b"etag": b'"%d"' % number, b"x-amzn-requestid": b"%d" % number} for number in range(4)]


class Lines:
    """As much of a recorder as is asked for."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def etag_line(self, etag: str | None) -> int:
        self.asked.append(etag)
        return int((etag or "").strip('"')) + 1

    def note_modified(self, etag_line: int, received: Answer) -> None:
        pass


def answer(fields: dict[bytes, bytes]) -> Answer:
    return Answer(200, [], fields, bytearray(), 0, 0, b"", False, 0)


@given(st.lists(st.sampled_from(range(4)), max_size=30))
def test_a_head_says_what_it_says_whatever_came_before(numbers: list[int]) -> None:
    heads: Any = Heads(Lines())  # type: ignore[arg-type]
    said = [heads.of(answer(FIELDS[number])) for number in numbers]
    assert [(one.etag, one.etag_line, one.request_id) for one in said] == [
        (f'"{number}"', number + 1, str(number)) for number in numbers
    ]


def test_two_heads_that_alternate_are_looked_into_once_each() -> None:
    lines = Lines()
    heads = Heads(lines)  # type: ignore[arg-type]
    for _ in range(5):
        for number in (0, 1):
            heads.of(answer(FIELDS[number]))
    assert lines.asked == ['"0"', '"1"']
