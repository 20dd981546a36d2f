"""From a History to a Summary: pure functions, and no clock."""
