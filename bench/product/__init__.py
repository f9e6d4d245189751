"""Gatepost under measurement: real nodes, set up with its own commands, asked by its SDK."""
