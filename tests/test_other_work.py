"""What a benchmark says of the rest of the machine."""

import subprocess
import sys
from pathlib import Path

from benchmarks.other_work import Used, told, used

PROJECT = Path(__file__).resolve().parents[1]
LINE = "cpu  100 20 30 4000 50 6 7 800 9 9"


def test_time_of_others_is_what_is_busy_and_not_ours() -> None:
    assert used(LINE, 100, 0.5) == Used(by_all=1.63, stolen=8.0, by_us=0.5)
    said = told(Used(10, 1, 2), Used(25, 2, 12), 10)  # 15 s busy, 10 of them ours
    assert said == "Meanwhile other processes used 50.0% of a core, and the hypervisor kept back 10.0%."


def test_time_that_is_counted_late_is_never_below_nothing() -> None:
    assert told(Used(10, 0, 0), Used(10, 0, 1), 10).startswith("Meanwhile other processes used 0.0% ")


def test_each_benchmark_ends_with_it() -> None:
    program = "from benchmarks.options import parser; parser('any', None).parse_args(); print('figures')"
    ended = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    figures, _, last = ended.stdout.rstrip().partition("\n\n")
    assert figures == "figures"
    assert last.startswith("Meanwhile other processes used ")
