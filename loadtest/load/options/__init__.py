"""The settings of a run as Locust's options, and their validation."""
