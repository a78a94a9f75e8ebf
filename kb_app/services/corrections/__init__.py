"""Corrected answers: written, imported, kept true to their documents, and found again when they help."""
