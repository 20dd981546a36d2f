"""What a benchmark says of the rest of the machine."""

import subprocess
import sys
from pathlib import Path

from benchmarks.other_work import Used, told, used_until_now

PROJECT = Path(__file__).resolve().parents[1]


def test_what_others_used_is_all_but_ours() -> None:
    said = told(Used(by_all=10, by_us=2, kept_back=1), Used(by_all=25, by_us=12, kept_back=2), seconds=10)
    assert said == "Meanwhile other processes used 50.0% of a core, and the hypervisor kept back 10.0%."


def test_what_is_rounded_makes_no_time_below_nothing() -> None:
    assert told(Used(10, 0, 0), Used(10, 0.01, 0), 10).startswith("Meanwhile other processes used 0.0% ")
    assert told(Used(10, 0, 0), Used(5, 0, 0), 10).startswith("Meanwhile other processes used an unknown share ")


def test_the_time_of_a_process_that_has_ended_is_ours() -> None:
    before = used_until_now()
    program = "import time; sum(range(3_000_000)); print(time.process_time())"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    after = used_until_now()
    assert after.by_us - before.by_us >= float(ended.stdout) - 0.02  # it is counted in hundredths


def test_each_benchmark_ends_with_it() -> None:
    program = "from benchmarks.options import parser; parser('any', None).parse_args(); print('figures')"
    ended = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    figures, _, last = ended.stdout.rstrip().partition("\n\n")
    assert figures == "figures"
    assert last.startswith("Meanwhile other processes used ")
