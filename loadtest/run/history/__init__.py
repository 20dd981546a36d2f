"""A History: what has happened in a run, validated, in memory."""
