"""The checks: one guarantee a file, each a pure function of a History."""
