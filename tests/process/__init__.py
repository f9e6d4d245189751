"""Real daemons: processes, sockets, disks, and kill -9."""
