"""Locust's web page: what it may set, where it listens, and the tab that shows a run."""
