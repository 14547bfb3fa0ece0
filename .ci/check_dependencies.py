"""Checks what `cargo metadata` says against the rules of the house.

* Direction: core <- what a model reads <- stages <- host <- modules and the command. A crate depends on what stands before it, never after.
* The seam: only filters/host depends on proxy-wasm or names it.
* Licences: every crate can be had under a licence that deny.toml allows.
* Sources: every crate is ours or comes from crates.io.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEAM = "portcullis-host"
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def rank(package):
    """Where a workspace crate stands; a crate may depend on lower ranks only."""
    if package["name"] == "portcullis-core":
        return 0
    if package["name"] == "portcullis-features":
        return 0.5
    if package["name"] == "portcullis-classifier":
        return 0.6
    if package["name"] == "portcullis-onnx":
        return 0.7
    if package["name"] == "portcullis-model":
        return 0.8
    if package["name"] == SEAM:
        return 2
    if any("cdylib" in target["kind"] for target in package["targets"]):
        return 3
    if package["name"] == "portcullis-cli":
        return 3
    if package["name"] == "portcullis-integration":
        return 4
    return 1


def satisfied(expression, allowed):
    """Whether an SPDX expression (also the old form `A/B`) can be met with the allowed licences."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def peek():
        return tokens[position] if position < len(tokens) else None

    def take():
        nonlocal position
        position += 1
        return tokens[position - 1]

    def either():
        met = both()
        while peek() == "OR":
            take()
            met = both() or met
        return met

    def both():
        met = one()
        while peek() == "AND":
            take()
            met = one() and met
        return met

    def one():
        token = take()
        if token == "(":
            met = either()
            take()
            return met
        if peek() == "WITH":
            take()
            token = f"{token} WITH {take()}"
        return token in allowed

    return either() and position == len(tokens)


def direction(packages):
    ours = {package["name"]: package for package in packages if package["source"] is None}
    for package in ours.values():
        for dependency in package["dependencies"]:
            # Tests may look sideways and up: a stage is tested with what runs it.
            if dependency["name"] not in ours or dependency["kind"] == "dev":
                continue
            if rank(ours[dependency["name"]]) >= rank(package):
                yield f"{package['name']} must not depend on {dependency['name']}: core <- stages <- host <- modules, cli"


def seam(packages):
    for package in packages:
        if package["source"] is None and package["name"] != SEAM:
            if any(dependency["name"] == "proxy-wasm" for dependency in package["dependencies"]):
                yield f"{package['name']} must not depend on proxy-wasm: only {SEAM} may"
    for folder in ("filters", "tests"):
        for path in sorted((ROOT / folder).rglob("*.rs")):
            relative = path.relative_to(ROOT)
            if relative.parts[:2] == ("filters", "host") or "target" in relative.parts:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                code = line.split("//")[0]
                if re.search(r"\bproxy_wasm\b\s*(::|!|;|\{)", code):
                    yield f"{relative}:{number} names proxy_wasm: only filters/host may"


def licences(packages):
    with open(ROOT / "deny.toml", "rb") as file:
        allowed = set(tomllib.load(file)["licenses"]["allow"])
    for package in packages:
        if not satisfied(package["license"] or "none", allowed):
            yield f"{package['name']} {package['version']}: licence {package['license']} is not allowed by deny.toml"


def sources(packages):
    for package in packages:
        if package["source"] not in (None, CRATES_IO):
            yield f"{package['name']} {package['version']} comes from {package['source']}"


def main():
    answer = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--all-features"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE,
    )
    packages = json.loads(answer.stdout)["packages"]
    problems = [problem for check in (direction, seam, licences, sources) for problem in check(packages)]
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"{len(packages)} crates in order")


main()
