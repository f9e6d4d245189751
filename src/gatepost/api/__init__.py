"""The API answers agents and people on this machine."""
