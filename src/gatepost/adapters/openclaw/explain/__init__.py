"""Why `sessions_send` between two agents of one OpenClaw gateway succeeds or is refused."""
