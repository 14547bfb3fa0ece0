"""Calls one official client as its users do and says what came of it.

python3 drive.py CLIENT < jobs: a JSON array of {"call", "stream", "base", "text"}. For each job one line of JSON:
{"result", "text"}: the type of what was returned (of a piece, if it is a stream) and the text in it; or
{"raised", "package", "status", "message"}: the error. Nothing of a client is configured but its address and a key.
"""

import importlib
import json
import sys


def outcome(client, job):
    try:
        result = client.CALLS[job["call"]](job["base"], job["text"], job["stream"])
        if not job["stream"]:
            return {"result": type(result).__name__, "text": client.text(result)}
        pieces = list(result)
        kinds = sorted({type(piece).__name__ for piece in pieces})
        return {"result": kinds, "text": "".join(client.text(piece) for piece in pieces)}
    except Exception as error:
        # What asyncio raises may hold the error in a group.
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        package = type(error).__module__.split(".")[0]
        return {
            "raised": type(error).__name__,
            "package": package,
            "status": client.status(error),
            "message": str(error),
        }


def main():
    client = importlib.import_module(f"{sys.argv[1]}_calls")
    for job in json.load(sys.stdin):
        print(json.dumps(outcome(client, job)), flush=True)


main()
