"""Adapters wake agents: each is a client of the mailbox for one kind of gateway."""
