"""The history of the tables, forward only: alembic revisions, and the triggers that keep the promises."""
