"""GLUE's submission: written, checked, scored, and beside what the server returned."""
