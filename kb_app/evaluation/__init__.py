"""Measures of search and of answers as plain functions: texts and judgements in, numbers out. Nothing is read or asked.

Every measure is in [0, 1] and higher is better, so that they can be averaged, compared and gated alike.
"""
