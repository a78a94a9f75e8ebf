"""Bases and documents as a user sees them: adding, listing, tagging, summarising, removing."""
