"""Comparing two recorded runs: is NEW worse than BASE? ``python -m loadtest compare BASE NEW``.

:mod:`~loadtest.compare.alike` decides whether the two may be compared, :mod:`~loadtest.compare.shift` estimates a
change from the windows of both, :mod:`~loadtest.compare.comparison` judges, and
:mod:`~loadtest.compare.report_files` writes Markdown. For the two runs of a duel,
:mod:`~loadtest.compare.paired` judges.
"""
