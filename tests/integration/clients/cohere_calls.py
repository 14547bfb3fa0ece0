"""The client of Cohere, both versions of its interface."""

import cohere


def chat(base, text, stream):
    client = cohere.ClientV2(api_key="key", base_url=base)
    messages = [{"role": "user", "content": text}]
    return (client.chat_stream if stream else client.chat)(model="command-a-03-2025", messages=messages)


def chat_of_version_1(base, text, stream):
    client = cohere.Client(api_key="key", base_url=base)
    return (client.chat_stream if stream else client.chat)(model="command-a-03-2025", message=text)


CALLS = {"chat": chat, "chat of version 1": chat_of_version_1}


def text(result):
    kind = type(result).__name__
    if kind == "V2ChatResponse":
        return result.message.content[0].text
    if kind == "NonStreamedChatResponse":
        return result.text
    if getattr(result, "type", "") == "content-delta":
        return result.delta.message.content.text
    if getattr(result, "event_type", "") == "text-generation":
        return result.text
    return ""


def status(error):
    return getattr(error, "status_code", None)
