"""The history of the tables, forward only: alembic revisions, and the triggers that hold the promises in the database."""
