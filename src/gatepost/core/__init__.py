"""Core decides: pure functions of state, event, time and randomness handed in. Knows no machine."""
