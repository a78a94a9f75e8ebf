"""Saved conversations: found again, named, exported and imported."""
