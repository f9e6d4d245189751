"""The store remembers: SQLite through APSW, and the only SQL in the house."""
