"""The local API: HTTP/JSON and a WebSocket, for agents on one socket and operators on another."""

from gatepost.api.http.door import Surface
from gatepost.api.http.listener import Api

__all__ = ["Api", "Surface"]
