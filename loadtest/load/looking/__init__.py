"""A run that goes on until every question is decided: who looks at it, and when."""
