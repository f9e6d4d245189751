"""Transports carry frames between nodes. What they say of delivery frees memory, nothing else."""
