"""Storage in SQL: SQLite in one file, or PostgreSQL by its address."""
