"""Schema changes, forward only: NNNN.sql, each run in one transaction."""
