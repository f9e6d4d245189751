"""Agents that are called by HTTP."""
