"""Pages: what the node answered, as lines for people. No page asks, writes or reads a clock."""
