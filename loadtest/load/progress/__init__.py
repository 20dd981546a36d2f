"""What a terminal or a log shows while a run goes on."""
