"""The node does: it drives core and policy through the ports, by callbacks, without a loop."""
