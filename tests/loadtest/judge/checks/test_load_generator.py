"""The load generator: its own delay beside what it measured, and whether it kept its rate."""

from dataclasses import replace

import numpy as np
import pytest
from history_language import ZERO_NS, history, samples
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from loadtest.judge.checks.load_generator import load_generator
from loadtest.judge.measure.generator_health import measure_generator
from loadtest.judge.statistics.quantiles import quantiles
from loadtest.run.records import Verdict
from loadtest.summary.speed import Quantiles

MS = 1_000_000


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


def test_a_process_whose_own_delay_is_not_known_is_not_believed() -> None:
    text = f"{reads(200, slow=10_000)} r0[1 1001 worker=1]"
    one, both = samples([250] * 100), np.concatenate([samples([250] * 100), samples([250] * 100, worker=1)])
    result = load_generator(history(text, samples=one))
    assert (result.verdict, result.found) == (Verdict.INCONCLUSIVE, 1)
    assert result.sentence.startswith("1 of 2 load-generating processes recorded no event loop delay")
    alone = load_generator(history("r0[1 1001 worker=1]", samples=one)).sentence
    assert "1 of 1 load-generating process recorded no event loop delay, so not all latencies can be believed." in alone
    assert load_generator(history(text, samples=both)).verdict is Verdict.PASS


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


def woken(delays: list[int]) -> np.ndarray:
    """Samples of one process, each due 20 ms after the one before was taken, and taken so late."""
    table = samples(delays)
    table["at_ns"] = ZERO_NS + np.cumsum(20 * MS + np.array(delays))
    return table


def loop_delay(delays: list[int]) -> Quantiles:
    """What is said of the event loop of a run with these delays."""
    found = measure_generator(history("r0[0 1]", samples=woken(delays)))
    assert found.workers[0].loop_delay == found.loop_delay
    return found.loop_delay


def delays_of(least: int, most: int, *, up_to_ms: int) -> st.SearchStrategy[list[int]]:
    """So many delays, drawn as an array, which takes a tenth of the time that a list takes."""
    delays = arrays(np.int64, st.integers(least, most), elements=st.integers(-MS, up_to_ms * MS))
    return delays.map(np.ndarray.tolist)


class TestPauses:
    """A loop that pauses takes no samples meanwhile: each pause counts as all the samples that it swallowed."""

    def test_of_a_few_hundred_milliseconds_every_few_seconds_are_noticed(self) -> None:
        pausing = woken(([MS // 10] * 229 + [400 * MS]) * 4)
        result = load_generator(history(reads(200, took=5 * MS, slow=10 * MS), samples=pausing))
        assert result.verdict is Verdict.INCONCLUSIVE
        assert result.sentence.startswith(
            "The load generator was too slow to measure latency: its event loop woke 100 µs late at p50 and 360 ms at "
            "p99"
        )

    def test_that_are_rare_change_nothing_that_is_judged(self) -> None:
        calm = [MS // 10] * 4_476  # 90 s
        text = reads(200, took=5 * MS, slow=10 * MS)
        result = load_generator(history(text, samples=woken([*calm, 100 * MS])))
        assert result.verdict is Verdict.PASS
        assert result.sentence == load_generator(history(text, samples=woken(calm))).sentence
        assert loop_delay([*calm, 100 * MS]).max_ns == 100 * MS

    def test_count_as_samples_that_were_less_and_less_late(self) -> None:
        pausing = [MS] * 995 + [95 * MS]  # and 75, 55, 35 and 15 ms: 1,000 in all, of which 990 do not exceed p99
        assert [loop_delay([*pausing, *[150 * MS] * more]).p99_ns for more in (0, 1, 2)] == [MS, 30 * MS, 70 * MS]

    @given(delays_of(1, 150, up_to_ms=20))
    def test_up_to_the_time_between_two_samples_swallow_none(self, delays: list[int]) -> None:
        assert loop_delay(delays) == quantiles(np.array(delays))

    @given(delays_of(100, 250, up_to_ms=500))
    def test_are_made_up_for_by_as_many_samples_as_were_due(self, delays: list[int]) -> None:
        due = [late for delay in delays for late in (delay, *range(delay - 20 * MS, 0, -20 * MS))]
        assert loop_delay(delays) == replace(quantiles(np.array(due)), count=len(delays))

    @given(delays_of(1, 99, up_to_ms=500))
    def test_make_no_evidence_of_too_few_samples(self, delays: list[int]) -> None:
        assert loop_delay(delays) == quantiles(np.array(delays))

    @given(
        st.lists(st.integers(0, MS), min_size=1, max_size=5), st.lists(st.integers(21, 3_000), min_size=1, max_size=3)
    )
    def test_that_are_rare_never_make_the_generator_look_faster(self, calm: list[int], pauses_ms: list[int]) -> None:
        delays = calm * 100 * len(pauses_ms) + [pause * MS for pause in pauses_ms]
        corrected, raw = loop_delay(delays), quantiles(np.array(delays))
        assert corrected.p50_ns >= raw.p50_ns
        assert corrected.p90_ns >= raw.p90_ns
        assert corrected.p99_ns >= raw.p99_ns
