"""Pauses of the load generator: which figures are its own and not the target's, and which are not."""

import numpy as np
from history_language import ZERO_NS, history
from test_load_generator import samples

from loadtest.judge.measure.generator_health import measure_generator
from loadtest.run.history import History
from loadtest.summary.generator import Generator

MS = 1_000_000
READS = 2_000


def run(slow_at_ms: int | None, pause_at_ms: int | None, pause_ms: int = 100) -> History:
    """Two seconds of reads of 5 ms, one a millisecond, of which those due in a given 100 ms end together, later."""
    text = ["w1[-20 -10]"]
    for n in range(READS):
        waits = slow_at_ms is not None and slow_at_ms <= n < slow_at_ms + 100
        end = slow_at_ms + 105 if waits and slow_at_ms is not None else n + 5
        text.append(f"r{n}:r1[{n * MS} {end * MS}]")
    table = samples([100_000] * 100)
    if pause_at_ms is not None:
        woke = ZERO_NS + (pause_at_ms + pause_ms) * MS
        hit = int(np.searchsorted(table["at_ns"], woke))
        table["at_ns"][hit], table["loop_delay_ns"][hit] = woke, pause_ms * MS
    return history(" ".join(text), samples=table)


def measured(**moments: int | None) -> Generator:
    return measure_generator(run(moments.get("slow"), moments.get("pause")))


def of_all(generator: Generator) -> set[str]:
    return {
        found.quantile for found in generator.paused_quantiles if (found.population, found.time) == ("all", "response")
    }


def test_reads_that_waited_through_a_pause_are_the_generators_own() -> None:
    generator = measured(slow=1_000, pause=1_000)
    assert [(pause.at_ns, pause.delay_ns) for pause in generator.pauses] == [(1_000 * MS, 100 * MS)]
    assert of_all(generator) == {"p99", "p99.9", "max"}
    assert generator.paused_longest_gap
    assert generator.pause_sentence == (
        "At 1.00 s the load generator itself paused for 100 ms: p99, p99.9, max and the longest silence of this run "
        "are its own and not the target's."
    )


def test_a_target_that_stalls_is_not_excused_by_a_pause_at_another_time() -> None:
    generator = measured(slow=1_000, pause=300)
    assert len(generator.pauses) == 1
    assert of_all(generator) == set()
    assert not generator.paused_longest_gap
    assert generator.pause_sentence == ""


def test_without_a_pause_nothing_is_said() -> None:
    generator = measured(slow=1_000)
    assert (generator.pauses, generator.paused_quantiles, generator.pause_sentence) == ((), (), "")


def test_a_short_pause_does_not_excuse_a_long_read() -> None:
    generator = measure_generator(run(1_000, 1_020, pause_ms=30))
    assert len(generator.pauses) == 1
    assert generator.pause_sentence == ""
