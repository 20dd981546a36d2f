"""Two runs that read in turns."""
