"""The tools behind the official SDK's server, which speaks the protocol in all its revisions.

Imported only where somebody speaks MCP: the SDK is an extra and takes a second to load.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListResourcesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
)

from gatepost import __version__
from gatepost.api.mcp.answers import Answer
from gatepost.api.mcp.calls import Tools
from gatepost.api.mcp.resources import CARD, DOCUMENTS, GUIDE, card, guide
from gatepost.api.mcp.texts import INSTRUCTIONS, TOOLS, ToolText

Context = ServerRequestContext[Any]
Agent = Callable[[Context], Awaitable[tuple[str, Tools]]]
"""Who speaks in this request, and its tools."""


def build(agent: Agent, prefix: str = "") -> "Server[dict[str, Any]]":
    """The server. `agent` says for each request who speaks; nothing in the request does."""
    tools = [_tool(text, prefix) for text in TOOLS]

    async def list_tools(ctx: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=tools)

    async def call_tool(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
        _, mine = await agent(ctx)
        if not mine.knows(params.name):
            raise MCPError(INVALID_PARAMS, f"there is no tool `{params.name}`")
        return _result(await mine.call(params.name, params.arguments or {}))

    async def list_resources(
        ctx: Context, params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        return ListResourcesResult(
            resources=[
                Resource(uri=one.uri, name=one.name, description=one.about, mime_type=one.media)
                for one in DOCUMENTS
            ]
        )

    async def read_resource(ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        name, _ = await agent(ctx)
        texts = {GUIDE: guide(prefix), CARD: card(name, prefix)}
        uri = str(params.uri)
        if uri not in texts:
            raise MCPError(INVALID_PARAMS, f"there is no resource {uri}", {"uri": uri})
        media = next(one.media for one in DOCUMENTS if one.uri == uri)
        contents = TextResourceContents(uri=uri, mime_type=media, text=texts[uri])
        return ReadResourceResult(contents=[contents])

    return Server(
        "gatepost",
        version=__version__,
        title="Gatepost",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


def _tool(text: ToolText, prefix: str) -> Tool:
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    writes = ToolAnnotations(destructive_hint=False, open_world_hint=True)
    return Tool(
        name=prefix + text.name,
        description=text.description(prefix),
        input_schema=text.schema(),
        annotations=reads if text.reads else writes,
    )


def _result(answer: Answer) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=answer.text)],
        structured_content=answer.body,
        is_error=answer.failed,
    )
