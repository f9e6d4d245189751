"""The echo behind the `process` adapter: reads a message a line, answers it with its own text."""
