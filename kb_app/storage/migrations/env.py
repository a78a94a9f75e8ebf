"""Alembic's entry: runs migrations on the connection handed over by ``kb_app.storage.migrate``."""

from alembic import context

from kb_app.storage.tables import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_as_batch=True,  # SQLite cannot ALTER most things in place
)
with context.begin_transaction():
    context.run_migrations()
