"""The host is the machine: its clock, its randomness, the key files, its processes."""
