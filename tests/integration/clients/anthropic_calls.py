"""The client of Anthropic."""

import asyncio

import anthropic


def client(base):
    return anthropic.Anthropic(base_url=base, api_key="key")


def request(text):
    return {"model": "claude-opus-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": text}]}


def messages(base, text, stream):
    return client(base).messages.create(**request(text), stream=stream)


def messages_asynchronous(base, text, stream):
    async def ask():
        async with anthropic.AsyncAnthropic(base_url=base, api_key="key") as client:
            answer = await client.messages.create(**request(text), stream=stream)
            return [piece async for piece in answer] if stream else answer

    return asyncio.run(ask())


def stream_helper(base, text, stream):
    with client(base).messages.stream(**request(text)) as pieces:
        return pieces.get_final_message()


def system(base, text, stream):
    return client(base).messages.create(**request("Hello"), system=text, stream=stream)


def count_tokens(base, text, stream):
    messages = [{"role": "user", "content": text}]
    return client(base).messages.count_tokens(model="claude-opus-4-5", messages=messages)


CALLS = {
    "messages": messages,
    "messages, asynchronous": messages_asynchronous,
    "stream helper": stream_helper,
    "system": system,
    "count tokens": count_tokens,
}


def text(result):
    kind = type(result).__name__
    if kind == "MessageTokensCount":
        return f"{result.input_tokens} tokens"
    if kind in ("Message", "ParsedMessage"):
        return result.content[0].text
    if kind == "RawContentBlockDeltaEvent":
        return result.delta.text
    return ""


def status(error):
    return getattr(error, "status_code", None)
