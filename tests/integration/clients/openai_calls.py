"""The client of OpenAI."""

import asyncio

import openai


def client(base):
    return openai.OpenAI(base_url=f"{base}/v1", api_key="key")


def chat(base, text, stream):
    messages = [{"role": "user", "content": text}]
    return client(base).chat.completions.create(model="gpt-5", messages=messages, stream=stream)


def chat_asynchronous(base, text, stream):
    async def ask():
        messages = [{"role": "user", "content": text}]
        async with openai.AsyncOpenAI(base_url=f"{base}/v1", api_key="key") as client:
            answer = await client.chat.completions.create(model="gpt-5", messages=messages, stream=stream)
            return [piece async for piece in answer] if stream else answer

    return asyncio.run(ask())


def tool_result(base, text, stream):
    call = {"id": "c1", "type": "function", "function": {"name": "read", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": text},
    ]
    return client(base).chat.completions.create(model="gpt-5", messages=messages, stream=stream)


def responses(base, text, stream):
    return client(base).responses.create(model="gpt-5", input=text, stream=stream)


def completions(base, text, stream):
    return client(base).completions.create(model="gpt-5", prompt=text, stream=stream)


def embeddings(base, text, stream):
    return client(base).embeddings.create(model="text-embedding-3-small", input=text)


CALLS = {
    "chat": chat,
    "chat, asynchronous": chat_asynchronous,
    "tool result": tool_result,
    "responses": responses,
    "completions": completions,
    "embeddings": embeddings,
}


def text(result):
    kind = type(result).__name__
    if kind == "ChatCompletion":
        return result.choices[0].message.content
    if kind == "ChatCompletionChunk":
        return result.choices[0].delta.content or ""
    if kind == "Response":
        return result.output_text
    if kind == "ResponseTextDeltaEvent":
        return result.delta
    if kind == "Completion":
        return result.choices[0].text
    if kind == "CreateEmbeddingResponse":
        return f"{len(result.data[0].embedding)} numbers"
    return ""


def status(error):
    return getattr(error, "status_code", None)
