"""What is wrong with a GLUE or SQuAD directory or a checkpoint, before a run.

A file is gone through once (survey.py), and each kind of check has its module; all of
them give `Finding`s (finding.py). No check imports TensorFlow but that of a checkpoint
which only TensorFlow can read.
"""
