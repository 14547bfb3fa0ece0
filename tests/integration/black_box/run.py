#!/usr/bin/env python3
"""Asks `portcullis up --upstream` as a stranger would: every shape in every disguise, bodies encoded and cut in many
ways, before an upstream of its own that writes down what reaches it. An attack must be refused with its dialect's error
and never be seen by the upstream; its twin must arrive as it was sent. Prints what was not so; exits 1 if anything was.

run.py PORTCULLIS [--show N]
"""

import argparse
import gzip
import http.server
import json
import pathlib
import queue
import re
import socket
import subprocess
import sys
import threading
import zlib

from disguises import DISGUISES, NOT_READ

CASES = json.loads((pathlib.Path(__file__).parent / "cases.json").read_text())
ENCODINGS = ("plain", "escaped", "spaced", "gzip", "deflate")
FRAMINGS = ("length", "one-byte writes", "one-byte chunks", "chunks of seven")
AT_ONCE = 24


class Upstream(http.server.BaseHTTPRequestHandler):
    """Answers everything with an empty object; remembers bodies by the header x-case."""

    protocol_version = "HTTP/1.1"
    seen = {}

    def do_POST(self):
        length = self.headers.get("content-length")
        body = self.rfile.read(int(length)) if length else b"".join(iter(self.chunk, b""))
        self.seen.setdefault(self.headers.get("x-case"), []).append(body)
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def chunk(self):
        size = int(self.rfile.readline(), 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Requests that the gateway refuses are broken off here: nothing to say of them."""


def fill(value, text):
    if isinstance(value, str):
        return value.replace("{{text}}", text)
    if isinstance(value, list):
        return [fill(item, text) for item in value]
    if isinstance(value, dict):
        return {key: fill(member, text) for key, member in value.items()}
    return value


def escaped(document):
    """JSON in which every character of a string is a \\u escape."""
    raw = json.dumps(document, ensure_ascii=True)

    def escape(match):
        text = json.loads(match.group())
        units = text.encode("utf-16-be")
        return '"' + "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)) + '"'

    return re.sub(r'"(?:[^"\\]|\\.)*"', escape, raw).encode()


def encode(document, encoding):
    """The bytes of a body, and the header fields that go with them."""
    raw = json.dumps(document, ensure_ascii=False).encode()
    if encoding == "escaped":
        return escaped(document), {}
    if encoding == "spaced":
        return json.dumps(document, indent=4, ensure_ascii=False).replace("\n", "\r\n").encode(), {}
    if encoding == "gzip":
        return gzip.compress(raw), {"content-encoding": "gzip"}
    if encoding == "deflate":
        return zlib.compress(raw), {"content-encoding": "deflate"}
    return raw, {}


def ask(address, path, headers, body, framing):
    """Sends a request on a connection of its own. Returns status, head and body of the answer."""
    fields = {"host": "model.example", "content-type": "application/json", "connection": "close", **headers}
    size = {"one-byte chunks": 1, "chunks of seven": 7}.get(framing)
    if size:
        fields["transfer-encoding"] = "chunked"
        cut = [body[at : at + size] for at in range(0, len(body), size)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in cut) + b"0\r\n\r\n"
    else:
        fields["content-length"] = str(len(body))
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
    with socket.create_connection(address, timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(head.encode())
        if framing == "one-byte writes":
            for byte in body:
                connection.sendall(bytes([byte]))
        else:
            connection.sendall(body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode("latin-1").lower(), body


def error_of(document, pointer):
    document = document[0] if isinstance(document, list) else document
    for name in pointer.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def check(address, number, shape, disguise, encoding, framing):
    """What was wrong with an attack and its twin, as lines."""
    wrong = []
    texts = CASES["texts"][number % len(CASES["texts"])]
    for kind in ("attack", "benign"):
        case = f"{number}-{kind}"
        document = fill(shape["body"], DISGUISES[disguise](texts[kind]))
        body, fields = encode(document, encoding)
        headers = {"x-case": case, **shape.get("headers", {}), **fields}
        status, head, answer = ask(address, shape["path"], headers, body, framing)
        seen = Upstream.seen.pop(case, [])
        if kind == "benign":
            if status != 200 or seen != [body]:
                wrong.append(f"twin: {status}, arrived {len(seen)} times, {answer[:120]!r}")
            continue
        if disguise in NOT_READ:
            continue
        if status != 403 or any(seen):
            wrong.append(f"attack: {status}, arrived {len(seen)} times")
            continue
        try:
            message = error_of(json.loads(answer), shape["error"])
        except ValueError:
            message = None
        if not isinstance(message, str) or "content-type: application/json" not in head:
            wrong.append(f"refusal: {answer[:200]!r}")
    return [f"{shape['name']}; {disguise}; {encoding}; {framing}: {line}" for line in wrong]


def plan():
    """Each shape in each disguise; encodings and framings take turns so that every two of all meet."""
    jobs = []
    for row, shape in enumerate(CASES["shapes"]):
        for column, disguise in enumerate(DISGUISES):
            turn = row + column * 3
            encoding = ENCODINGS[turn % len(ENCODINGS)]
            framing = FRAMINGS[(turn // len(ENCODINGS) + row) % len(FRAMINGS)]
            jobs.append((len(jobs), shape, disguise, encoding, framing))
    return jobs


def run(address):
    jobs = queue.Queue()
    for job in plan():
        jobs.put(job)
    wrong, lock = [], threading.Lock()

    def work():
        while True:
            try:
                job = jobs.get_nowait()
            except queue.Empty:
                return
            try:
                found = check(address, *job)
            except OSError as error:
                found = [f"{job[1]['name']}; {'; '.join(job[2:])}: {error}"]
            with lock:
                wrong.extend(found)

    workers = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return wrong


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("portcullis")
    arguments.add_argument("--show", type=int, default=40)
    arguments = arguments.parse_args()
    upstream = Server(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    up = subprocess.Popen(
        [arguments.portcullis, "up", "--port", "0", "--upstream", f"http://127.0.0.1:{upstream.server_port}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        ready = up.stdout.readline()
        host, port = re.fullmatch(r"ready http://([\d.]+):(\d+)\n", ready).groups()
        wrong = run((host, int(port)))
    finally:
        up.terminate()
        up.wait()
    asked = len(plan())
    by_disguise = {}
    for line in wrong:
        by_disguise.setdefault(line.split("; ")[1], []).append(line)
    for line in wrong[: arguments.show]:
        print(line)
    for disguise, lines in by_disguise.items():
        print(f"{len(lines):4} {disguise}")
    unread = sum(job[2] in NOT_READ for job in plan())
    print(f"{asked - unread} attacks and {asked} twins, {len(DISGUISES)} disguises: {len(wrong)} not as they should be")
    sys.exit(1 if wrong else 0)


main()
