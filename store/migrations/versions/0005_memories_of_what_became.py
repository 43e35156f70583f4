"""A memory's source may be an event, an effect or an approval."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE memories RENAME COLUMN source_event_id TO source_id")
