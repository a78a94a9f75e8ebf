"""A personal knowledge base that answers with exact citations, and that gets corrected."""

__version__ = "0.1.0"
