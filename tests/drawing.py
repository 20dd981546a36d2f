"""How many examples a property test draws that needs more or fewer of them than others."""

from hypothesis import settings


def examples(count: int) -> int:
    """``count``, times as many as Hypothesis' profile draws for others (usually 100; in ``make test-fast`` 25)."""
    return max(1, count * settings.default.max_examples // 100)
