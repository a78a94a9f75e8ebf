"""Corrections as training data: collected, split, checked, masked, written."""
