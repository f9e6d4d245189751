"""HTTP and JSON on two local sockets, one for agents and one for the operator."""
