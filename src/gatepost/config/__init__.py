"""Config sets: every setting once, where each value came from, and how it is edited."""
