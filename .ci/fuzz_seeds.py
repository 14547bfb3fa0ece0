"""Writes the cases of tests/cases as seeds for a fuzz target, one file each: `fuzz_seeds.py TARGET DIR`.

The targets that start from cases: `json` and `request` (bodies), `exchange` (a byte for the path, then a body) and
`inspect` (texts). Any other has none.
"""

import hashlib
import json
import sys
from pathlib import Path

CASES = Path(__file__).resolve().parent.parent / "tests" / "cases"
LARGEST = 16_384


def bodies():
    attack = json.loads((CASES / "requests" / "texts.json").read_text())["attack"]
    for path in sorted(CASES.rglob("*.json")):
        document = json.loads(path.read_text())
        for case in document if isinstance(document, list) else []:
            if "body_hex" in case:
                yield bytes.fromhex(case["body_hex"])
            elif isinstance(case.get("body"), str):
                yield case["body"].encode("utf-8", "surrogatepass")
            elif "body" in case:
                body = json.dumps(case["body"], separators=(",", ":"))
                yield body.replace("{{text}}", attack).encode()


def texts():
    for path in sorted((CASES / "rules").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            yield json.loads(line)["text"].encode()


def exchanges():
    for body in bodies():
        for path in range(3):
            yield bytes([path]) + body


SEEDS = {"exchange": exchanges, "inspect": texts, "json": bodies, "request": bodies}


def main():
    target, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS.get(target, list)():
        if len(seed) <= LARGEST:
            (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


main()
