"""Numbered Alembic migrations of the schema in ``kb_app.storage.tables``."""
