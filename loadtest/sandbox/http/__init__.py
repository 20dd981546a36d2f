"""How the sandbox speaks HTTP, and how it waits to the microsecond."""
