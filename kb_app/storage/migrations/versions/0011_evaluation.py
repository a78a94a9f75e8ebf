"""Evaluation sets, their cases, runs over them, and which items went into training."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "evaluation_sets",
        _text("id"),
        _text("base_id"),
        _text("name"),
        _text("kind"),
        _text("created_at"),
        _of_a_base("evaluation_sets"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_sets")),
        sa.UniqueConstraint("base_id", "name", name=op.f("uq_evaluation_sets_base_id_name")),
    )
    op.create_table(
        "evaluation_cases",
        _text("id"),
        _text("set_id"),
        _text("question"),
        _text("question_key"),
        sa.Column("expected", sa.JSON(), nullable=False),
        _text("origin"),
        _text("status"),
        _text("split"),
        _text("question_group"),
        sa.Column("correction_id", sa.Text(), nullable=True),
        _text("note"),
        _text("created_at"),
        _text("updated_at"),
        sa.ForeignKeyConstraint(
            ["set_id"], ["evaluation_sets.id"], name=op.f("fk_evaluation_cases_set_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_cases")),
    )
    _create_runs()
    op.create_table(
        "training_items",
        _text("subject_id"),
        _text("base_id"),
        _text("question"),
        _text("split"),
        _text("exported_at"),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_training_items")),
    )
    for table, columns in _INDEXED.items():
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    """Revert."""
    for table in ("training_items", "evaluation_results", "evaluation_runs", "evaluation_cases", "evaluation_sets"):
        op.drop_table(table)


_INDEXED = {
    "evaluation_cases": ("set_id", "question_key", "correction_id"),
    "evaluation_runs": ("base_id", "set_id", "state"),
    "training_items": ("base_id",),
}


def _create_runs() -> None:
    op.create_table(
        "evaluation_runs",
        _text("id"),
        _text("base_id"),
        _text("set_id"),
        _text("set_name"),
        _text("name"),
        _text("kind"),
        sa.Column("settings", sa.JSON(), nullable=False),
        _text("state"),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        _text("created_at"),
        _text("ended_at"),
        _of_a_base("evaluation_runs"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_runs")),
    )
    op.create_table(
        "evaluation_results",
        _text("run_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("case_content", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["evaluation_runs.id"], name=op.f("fk_evaluation_results_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_evaluation_results")),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _of_a_base(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["base_id"], ["knowledge_bases.id"], name=op.f(f"fk_{table}_base_id"), ondelete="CASCADE"
    )
