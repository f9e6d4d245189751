"""The SDK asks: the mailbox as a program sees it, async and blocking."""
