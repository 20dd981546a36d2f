"""The load generator: its own delay beside what it measured, and whether it kept its rate."""

from __future__ import annotations

import numpy as np
import pytest
from history_language import ZERO_NS, history

from loadtest.checks.load_generator import load_generator
from loadtest.measures.generator_health import measure_generator
from loadtest.records import GENERATOR_DTYPE, Verdict, empty

MS = 1_000_000


def samples(delays: list[int], worker: int = 0) -> np.ndarray:
    """Samples 20 ms apart; half of the time is CPU, a hundredth garbage collection, a thousandth flushing."""
    table = empty(GENERATOR_DTYPE, len(delays))
    at = np.arange(len(delays)) * 20 * MS
    table["worker"] = worker
    table["at_ns"] = ZERO_NS + at
    table["loop_delay_ns"] = delays
    table["cpu_ns"], table["gc_ns"], table["flush_ns"] = at // 2 + 5, at // 100 + 7, at // 1000 + 9
    return table


def reads(count: int, took: int = 1000, slow: int = 1000) -> str:
    """Reads of ``took`` ns, the last two in a hundred of ``slow`` ns."""
    return " ".join(f"r0[{MS * n} {MS * n + (slow if n % 100 >= 98 else took)}]" for n in range(count))


@pytest.mark.parametrize(
    ("delay", "slow_delay", "verdict"),
    [
        (250, 2500, Verdict.PASS),
        (251, 2500, Verdict.INCONCLUSIVE),
        (250, 2501, Verdict.INCONCLUSIVE),
        (-50, 100, Verdict.PASS),  # woke early
    ],
)
def test_a_quarter_of_the_response_time_is_small(delay: int, slow_delay: int, verdict: Verdict) -> None:
    delays = [slow_delay if n % 100 >= 98 else delay for n in range(100)]
    result = load_generator(history(reads(200, slow=10_000), samples=samples(delays)))
    assert result.verdict is verdict
    assert result.found == (verdict is not Verdict.PASS)
    start = (
        "The load generator was fast enough for p50 to p99: "
        if verdict is Verdict.PASS
        else "The load generator was too slow"
    )
    assert result.sentence.startswith(start)


def test_too_few_samples_or_reads_to_tell() -> None:
    few_samples = load_generator(history(reads(200), samples=samples([1] * 99)))
    assert few_samples.verdict is Verdict.INCONCLUSIVE
    assert "99 samples of its event loop, 200 successful reads" in few_samples.sentence
    assert load_generator(history(reads(200), samples=samples([1] * 100))).verdict is Verdict.PASS
    assert load_generator(history(reads(99), samples=samples([1] * 100))).verdict is Verdict.INCONCLUSIVE
    none = load_generator(history(reads(200)))
    assert none.verdict is Verdict.INCONCLUSIVE
    assert measure_generator(history(reads(200))).fast_enough is None


def test_a_missed_rate() -> None:
    text = f"{reads(951)} r0[{999 * MS} {1000 * MS}]"
    kept = load_generator(history(text, samples=samples([1] * 100), arrival_rate=1002.0))
    assert kept.verdict is Verdict.PASS
    missed = load_generator(history(text, samples=samples([1] * 100), arrival_rate=1003.0))
    assert missed.verdict is Verdict.INCONCLUSIVE
    assert missed.sentence.startswith("Only 952 reads/s of the 1,003 reads/s asked for were made")
    closed = load_generator(history(text, samples=samples([1] * 100), arrival_rate=0))
    assert closed.verdict is Verdict.PASS


def test_exactly_the_least_rate_is_enough() -> None:
    text = f"{reads(949)} r0[{999 * MS} {1000 * MS}]"
    result = load_generator(history(text, samples=samples([1] * 100), arrival_rate=1000.0))
    assert result.numbers[0].value == 950
    assert result.verdict is Verdict.PASS


def test_reads_that_were_never_sent() -> None:
    def judge(count: int) -> tuple[Verdict, str]:
        unsent = " ".join(f"not-sent[{300 * MS} {300 * MS} due={n} status=0]" for n in range(count))
        result = load_generator(history(f"{reads(198)} {unsent}", samples=samples([1] * 100)))
        assert result.numbers[1].value == count
        return result.verdict, result.sentence

    assert judge(2)[0] is Verdict.PASS
    verdict, sentence = judge(3)
    assert verdict is Verdict.INCONCLUSIVE
    assert sentence == "3 reads came due and no reader was free to send it: use more users."


def test_all_that_is_wrong_is_said() -> None:
    result = load_generator(history(reads(200), samples=samples([900] * 100), arrival_rate=9000.0))
    assert result.found == 2
    assert "asked for" in result.sentence
    assert "too slow" in result.sentence


def test_numbers() -> None:
    late = " ".join(f"r0[{MS * n} {MS * n + 1000} due={MS * n - 500}]" for n in range(200))
    result = load_generator(history(late, samples=samples([100] * 98 + [300] * 2)))
    values = [(number.value, number.unit) for number in result.numbers]
    assert values[1:] == [
        (0, "count"),
        (500, "ns"),
        (100, "ns"),
        (300, "ns"),
        (round(100 / 1500, 6), "share"),
        (round(300 / 1500, 6), "share"),
    ]
    assert result.looked_at == 100


def test_workers_are_measured_apart_and_in_order_of_time() -> None:
    table = np.concatenate([samples([5] * 30, worker=3), samples([100, 200, 300], worker=1)[::-1]])
    found = measure_generator(history(reads(200), samples=table))
    assert [(worker.worker, worker.samples) for worker in found.workers] == [(1, 3), (3, 30)]
    first = found.workers[0]
    assert (first.cpu_share, first.gc_share, first.flush_share) == (0.5, 0.01, 0.001)
    assert (first.loop_delay.p50_ns, first.loop_delay.max_ns) == (200, 300)
    assert found.loop_delay.count == 33


def test_one_sample_has_no_share() -> None:
    (worker,) = measure_generator(history(reads(10), samples=samples([5]))).workers
    assert worker.cpu_share is None
