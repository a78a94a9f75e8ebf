"""Branches of conversations, how they are kept in order, and the words said in them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TREE_INDEX = "ix_messages_conversation_id_position_id_parent_id"
_FLAGS = ("is_named", "pinned", "archived")
_TEXTS = {"tags": "[]", "origin": "app", "leaf_id": "", "deleted_at": ""}


def upgrade() -> None:
    """Apply."""
    for name in _FLAGS:
        op.add_column("conversations", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name, default in _TEXTS.items():
        kind = sa.JSON() if name == "tags" else sa.Text()
        op.add_column("conversations", sa.Column(name, kind, nullable=False, server_default=default))
    op.add_column("messages", sa.Column("parent_id", sa.Text(), nullable=False, server_default=""))
    # Until now a conversation was one chain, and a title may have been given by the user.
    op.execute(
        "UPDATE messages SET parent_id = coalesce((SELECT before.id FROM messages AS before WHERE"
        " before.conversation_id = messages.conversation_id AND before.position < messages.position"
        " ORDER BY before.position DESC LIMIT 1), '')"
    )
    op.execute(
        "UPDATE conversations SET is_named = 1, leaf_id = coalesce((SELECT id FROM messages WHERE"
        " conversation_id = conversations.id ORDER BY position DESC LIMIT 1), '')"
    )
    op.create_index(_TREE_INDEX, "messages", ["conversation_id", "position", "id", "parent_id"])
    op.create_table(
        "indexed_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("analyzer_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_indexed_messages_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indexed_messages")),
        sa.UniqueConstraint("message_id", name=op.f("uq_indexed_messages_message_id")),
    )
    # Terms come ready-made, parted by spaces; the characters listed are those that stand inside a term.
    op.execute("""CREATE VIRTUAL TABLE message_words USING fts5(terms, tokenize="ascii tokenchars '._-+#,'''")""")
    op.execute(
        "CREATE TRIGGER forget_message_words AFTER DELETE ON indexed_messages"
        " BEGIN DELETE FROM message_words WHERE rowid = old.id; END"
    )


def downgrade() -> None:
    """Revert. Of each conversation all branches stay, one after the other."""
    op.execute("DROP TRIGGER forget_message_words")
    op.execute("DROP TABLE message_words")
    op.drop_table("indexed_messages")
    op.drop_index(_TREE_INDEX, "messages")
    op.drop_column("messages", "parent_id")
    for name in (*reversed(_TEXTS), *reversed(_FLAGS)):
        op.drop_column("conversations", name)
