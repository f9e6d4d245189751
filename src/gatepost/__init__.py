"""Gatepost: agents on different gateways message, ask and delegate to each other."""

__all__ = ["__version__"]

__version__ = "0.1.0"
