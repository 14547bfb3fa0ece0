"""The client of Gemini, google-genai."""

import asyncio
import functools

from google import genai
from google.genai import types


# A client that nobody holds closes its connections, also under an answer that is still read.
@functools.cache
def client(base):
    return genai.Client(api_key="key", http_options=types.HttpOptions(base_url=base))


def generate_content(base, text, stream):
    models = client(base).models
    ask = models.generate_content_stream if stream else models.generate_content
    return ask(model="gemini-2.5-flash", contents=text)


def generate_content_asynchronous(base, text, stream):
    async def ask():
        models = client(base).aio.models
        if not stream:
            return await models.generate_content(model="gemini-2.5-flash", contents=text)
        pieces = await models.generate_content_stream(model="gemini-2.5-flash", contents=text)
        return [piece async for piece in pieces]

    return asyncio.run(ask())


def system_instruction(base, text, stream):
    models = client(base).models
    ask = models.generate_content_stream if stream else models.generate_content
    config = types.GenerateContentConfig(system_instruction=text)
    return ask(model="gemini-2.5-flash", contents="Hello", config=config)


def count_tokens(base, text, stream):
    return client(base).models.count_tokens(model="gemini-2.5-flash", contents=text)


CALLS = {
    "generate content": generate_content,
    "generate content, asynchronous": generate_content_asynchronous,
    "system instruction": system_instruction,
    "count tokens": count_tokens,
}


def text(result):
    if type(result).__name__ == "CountTokensResponse":
        return f"{result.total_tokens} tokens"
    return result.text or ""


def status(error):
    return getattr(error, "code", None)
