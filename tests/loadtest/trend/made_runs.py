"""Summaries of runs over time, made from one that was recorded: slower, stale, undecided, on another machine."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from loadtest.run.records import Verdict
from loadtest.summary.speed import Quantiles
from loadtest.summary.summary import Source, Summary
from loadtest.trend.records import NumberTrend, Trend

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def commit(place: int) -> str:
    return f"{place:02x}" * 20


def slower(quantiles: Quantiles, factor: float) -> Quantiles:
    values = {name: getattr(quantiles, name) for name in ("p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns")}
    scaled = {name: None if value is None else round(value * factor) for name, value in values.items()}
    return replace(quantiles, **scaled)


def run_at(template: Summary, place: int, factor: float = 1.0, days: float | None = None, **settings: Any) -> Summary:
    """The run of one place in the series, with all response times times ``factor``."""
    rows = tuple(
        replace(row, response=slower(row.response, factor), service=slower(row.service, factor))
        for row in template.latency.rows
    )
    windows = tuple(
        replace(
            window,
            **{
                name: None if getattr(window, name) is None else round(getattr(window, name) * factor)
                for name in ("p50_ns", "p90_ns", "p99_ns")
            },
        )
        for window in template.impact.windows
    )
    started = FIRST + timedelta(days=place if days is None else days)
    return replace(
        template,
        latency=replace(template.latency, rows=rows),
        impact=replace(template.impact, windows=windows),
        run=replace(
            template.run,
            id=f"run-{place:03}",
            started=started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            settings={**template.run.settings, **settings},
            source=Source("", commit(place), "main"),
        ),
    )


def series(template: Summary, factors: Any, seed: int = 1, noise: float = 0.02) -> list[Summary]:
    """Runs whose response times follow ``factors``, with noise from run to run."""
    random = np.random.default_rng(seed)
    return [
        run_at(template, place, factor * float(np.exp(noise * random.normal()))) for place, factor in enumerate(factors)
    ]


def with_check(summary: Summary, name: str, verdict: Verdict) -> Summary:
    checks = tuple(replace(check, verdict=verdict) if check.id == name else check for check in summary.checks)
    return replace(summary, checks=checks)


def on_machine(summary: Summary, **host: Any) -> Summary:
    return replace(summary, run=replace(summary.run, host={**summary.run.host, **host}))


def number(made: Trend, name: str = "response-quiet-p99") -> NumberTrend:
    return next(one for one in made.numbers if one.id == name)
