"""Writes the request bodies of tests/cases as seeds for the fuzz target `request`, one file each: `fuzz_seeds.py DIR`."""

import hashlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST = 16_384


def bodies():
    cases = ROOT / "tests" / "cases"
    texts = json.loads((cases / "requests" / "texts.json").read_text())
    for path in sorted(cases.rglob("*.json")):
        document = json.loads(path.read_text())
        for case in document if isinstance(document, list) else []:
            if "body_hex" in case:
                yield bytes.fromhex(case["body_hex"])
            elif isinstance(case.get("body"), str):
                yield case["body"].encode("utf-8", "surrogatepass")
            elif "body" in case:
                body = json.dumps(case["body"], separators=(",", ":"))
                yield body.replace("{{text}}", texts["attack"]).encode()


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for body in bodies():
        if len(body) <= LARGEST:
            (folder / hashlib.sha256(body).hexdigest()[:16]).write_bytes(body)


main()
