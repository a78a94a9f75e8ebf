"""Measuring answers: sets of questions, runs over them, and comparisons of runs."""
