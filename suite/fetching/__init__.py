"""Data and checkpoints from where they are published, checked and whole."""
