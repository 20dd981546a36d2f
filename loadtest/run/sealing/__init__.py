"""From spools and journal to the sealed files of a run."""
