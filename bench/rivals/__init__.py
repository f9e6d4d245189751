"""What Gatepost is measured against, each in its own file: nodes, their start, their caller."""
