"""Somebody's row of GLUE scores: which average, which split, and where it stands."""
