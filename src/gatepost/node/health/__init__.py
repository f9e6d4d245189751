"""What can be wrong with a node, as data: checks, the facts they judge, and who looks when."""
