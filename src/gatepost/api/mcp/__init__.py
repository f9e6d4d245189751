"""The agent's tools over MCP: what they are called, what they do, and how they are served."""
