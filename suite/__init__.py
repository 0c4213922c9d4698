"""The harness: tasks, sweeps, records, published numbers, statistics and reports."""
