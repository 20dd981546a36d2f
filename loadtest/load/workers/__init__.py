"""The master and its workers: who takes part, how clocks compare, and how records travel."""
