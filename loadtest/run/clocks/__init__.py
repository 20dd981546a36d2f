"""What other clocks showed, in the master's time."""
