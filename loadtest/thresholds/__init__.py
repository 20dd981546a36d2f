"""Thresholds: conditions that a run must meet, ``--threshold "p99(response, writing) < 250ms"``.

:mod:`~loadtest.thresholds.grammar` reads them, :mod:`~loadtest.thresholds.metrics` says what can be asked for and takes
it from a Summary, :mod:`~loadtest.thresholds.judging` compares. ``docs/thresholds.md`` is the page for users.
"""

from loadtest.thresholds.grammar import Threshold, ThresholdError, parse
from loadtest.thresholds.judging import evaluate

__all__ = ["Threshold", "ThresholdError", "evaluate", "parse"]
