"""The client of Bedrock, boto3."""

import json

import boto3


def client(base):
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=base,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )


CLAUDE = "anthropic.claude-3-5-sonnet-20241022-v2:0"


def converse(base, text, stream):
    messages = [{"role": "user", "content": [{"text": text}]}]
    if stream:
        return client(base).converse_stream(modelId=CLAUDE, messages=messages)["stream"]
    return client(base).converse(modelId=CLAUDE, messages=messages)


def invoke_model(base, text, stream):
    messages = [{"role": "user", "content": text}]
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "messages": messages})
    if stream:
        return client(base).invoke_model_with_response_stream(modelId=CLAUDE, body=body)["body"]
    return client(base).invoke_model(modelId=CLAUDE, body=body)


CALLS = {"converse": converse, "invoke model": invoke_model}


def text(result):
    if "output" in result:
        return result["output"]["message"]["content"][0]["text"]
    if "contentBlockDelta" in result:
        return result["contentBlockDelta"]["delta"]["text"]
    if "chunk" in result:
        return json.loads(result["chunk"]["bytes"]).get("delta", {}).get("text", "")
    if "body" in result:
        return json.load(result["body"])["content"][0]["text"]
    return ""


def status(error):
    return getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode")
