"""The a2a-sdk server as installed: JSON-RPC, an echo agent that completes a task.

`python -m bench.rivals.a2a_server` keeps tasks in memory; `… FILE` keeps them in SQLite through
the SDK's own DatabaseTaskStore with its defaults. Prints its port when it listens.
"""

from __future__ import annotations

import sys

from a2a.helpers import new_task_from_user_message, new_text_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill
from starlette.applications import Starlette

from bench.rivals.serve import serve


class Echo(AgentExecutor):
    """Opens a task and completes it with the text that came: two events, the fewest there are."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        if context.message is None:
            raise ValueError("a request without a message")
        task = context.current_task or new_task_from_user_message(context.message)
        await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.complete(new_text_message(context.get_user_input()))

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        raise NotImplementedError("the echo has ended before anyone can cancel it")


def card() -> AgentCard:
    """A card whose address the caller fills in: it is not used for routing here."""
    return AgentCard(
        name="echo",
        description="answers with the text it is sent",
        version="1",
        supported_interfaces=[
            AgentInterface(
                protocol_binding="JSONRPC", url="http://localhost/", protocol_version="1.0"
            )
        ],
        capabilities=AgentCapabilities(streaming=False),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="echo", name="echo", description="echo", tags=["echo"])],
    )


def task_store(file: str | None) -> TaskStore:
    """The SDK's memory store, or its database store on a SQLite file."""
    if file is None:
        return InMemoryTaskStore()
    from a2a.server.tasks import DatabaseTaskStore
    from sqlalchemy.ext.asyncio import create_async_engine

    return DatabaseTaskStore(create_async_engine(f"sqlite+aiosqlite:///{file}"))


def main(arguments: list[str]) -> None:
    store = task_store(arguments[0] if arguments else None)
    handler = DefaultRequestHandler(agent_executor=Echo(), task_store=store, agent_card=card())
    routes = [*create_agent_card_routes(card()), *create_jsonrpc_routes(handler, "/")]
    serve(Starlette(routes=routes))


if __name__ == "__main__":
    main(sys.argv[1:])
