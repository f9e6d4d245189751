"""Gatepost: agents on different gateways message, ask and delegate to each other."""

__version__ = "0.1.0"
