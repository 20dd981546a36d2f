"""How the analysis' tests are run for the mutation benchmark."""

from hypothesis import HealthCheck, Phase, settings

# For `python -m benchmarks mutation`, which runs the tests thousands of times, and more than once in a process.
settings.register_profile(
    "mutation",
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # that a test fails is enough to know; no simpler example is looked for
    suppress_health_check=list(HealthCheck),
)
