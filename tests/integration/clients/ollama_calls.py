"""The client of Ollama."""

import asyncio

import ollama


def chat(base, text, stream):
    messages = [{"role": "user", "content": text}]
    return ollama.Client(host=base).chat(model="llama3.2", messages=messages, stream=stream)


def chat_asynchronous(base, text, stream):
    async def ask():
        messages = [{"role": "user", "content": text}]
        answer = await ollama.AsyncClient(host=base).chat(model="llama3.2", messages=messages, stream=stream)
        return [piece async for piece in answer] if stream else answer

    return asyncio.run(ask())


def generate(base, text, stream):
    return ollama.Client(host=base).generate(model="llama3.2", prompt=text, stream=stream)


def embed(base, text, stream):
    return ollama.Client(host=base).embed(model="all-minilm", input=text)


CALLS = {"chat": chat, "chat, asynchronous": chat_asynchronous, "generate": generate, "embed": embed}


def text(result):
    kind = type(result).__name__
    if kind == "ChatResponse":
        return result.message.content
    if kind == "EmbedResponse":
        return f"{len(result.embeddings[0])} numbers"
    return result.response


def status(error):
    return getattr(error, "status_code", None)
