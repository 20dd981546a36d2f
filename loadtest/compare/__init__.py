"""Comparing two recorded runs: is NEW worse than BASE? ``python -m loadtest compare BASE NEW``.

:mod:`~loadtest.compare.alike` says whether the two may be compared, :mod:`~loadtest.compare.shift` estimates a change
from the windows of both, :mod:`~loadtest.compare.comparison` judges, :mod:`~loadtest.compare.render` writes Markdown.
"""
