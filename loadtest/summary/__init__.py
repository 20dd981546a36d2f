"""All that a report may say about a run: plain records, and nothing that computes."""
