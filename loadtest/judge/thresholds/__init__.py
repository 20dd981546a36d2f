"""Conditions that a run must meet, ``--threshold "p99(response, writing) < 250ms"``; see ``docs/thresholds.md``."""
