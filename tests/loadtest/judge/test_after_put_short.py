"""A run that ends in its opening rest: there is no writing window, and judging it costs no memory."""

import numpy as np
from history_language import history

from loadtest.judge.measure.after_put import untouched


def test_a_rest_without_a_writing_window_is_one_piece() -> None:
    run = history("r0[0 5]")
    none = np.zeros(0, dtype=np.int64)
    until, pieces = untouched(run, none, none, 10**9, 4 * 10**9, 0)
    assert until == 10**9
    assert len(pieces) == 1
