"""OpenClaw: what Gatepost knows of it."""
