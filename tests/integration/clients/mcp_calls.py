"""The client of the Model Context Protocol, over streamable HTTP."""

import asyncio

import mcp
from mcp.client.streamable_http import streamable_http_client


def call(ask):
    def run(base, text, stream):
        async def in_session():
            async with streamable_http_client(f"{base}/mcp") as streams:
                async with mcp.ClientSession(streams[0], streams[1]) as session:
                    await session.initialize()
                    return await ask(session, text)

        return asyncio.run(in_session())

    return run


CALLS = {
    "call a tool": call(lambda session, text: session.call_tool("say", {"text": text})),
    "get a prompt": call(lambda session, text: session.get_prompt("review", {"text": text})),
    "complete": call(
        lambda session, text: session.complete(
            mcp.types.PromptReference(type="ref/prompt", name="review"), {"name": "text", "value": text}
        )
    ),
}


def text(result):
    kind = type(result).__name__
    if kind == "CallToolResult":
        return result.content[0].text
    if kind == "GetPromptResult":
        return result.messages[0].content.text
    if kind == "CompleteResult":
        return result.completion.values[0]
    return ""


def status(error):
    error = getattr(error, "error", error)
    return getattr(error, "code", None)
