"""The patterns of texts/: read, and samples drawn from them. README.md says how they are written."""

import random
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "texts"


class PatternError(ValueError):
    """A pattern that cannot be read."""


def parse(pattern, lists):
    """A pattern as a sequence of strings, tuples of alternatives, and names of lists."""
    sequence, place = _sequence(pattern, 0, lists, top=True)
    assert place == len(pattern)
    return sequence


def _sequence(text, at, lists, top):
    out, literal = [], []

    def flush():
        if literal:
            out.append("".join(literal))
            literal.clear()

    while at < len(text):
        c = text[at]
        if c == "{":
            flush()
            alternatives = []
            while True:
                inner, at = _sequence(text, at + 1, lists, top=False)
                alternatives.append(inner)
                if at >= len(text):
                    raise PatternError(f"no end of a choice: {text[:80]!r}")
                if text[at] == "}":
                    break
            out.append(tuple(alternatives))
            at += 1
        elif not top and c in "|}":
            flush()
            return out, at
        elif c == "[":
            end = text.find("]", at)
            name = text[at + 1:end]
            if end > 0 and name in lists:
                flush()
                out.append(Reference(name))
                at = end + 1
            else:
                literal.append(c)
                at += 1
        elif c == "\\" and text[at + 1:at + 2] in ("{", "|", "}"):
            literal.append(text[at + 1])
            at += 2
        elif text.startswith("\\n", at):
            literal.append("\n")
            at += 2
        else:
            literal.append(c)
            at += 1
    flush()
    return out, at


class Reference(str):
    """The name of a list."""


def draw(sequence, lists, rng, depth=0):
    """One text of a pattern."""
    if depth > 24:
        raise PatternError("lists that hold each other")
    parts = []
    for part in sequence:
        if isinstance(part, Reference):
            parts.append(draw(lists[part], lists, rng, depth + 1))
        elif isinstance(part, tuple):
            parts.append(draw(rng.choice(part), lists, rng, depth + 1))
        else:
            parts.append(part)
    return "".join(parts)


def lines(path):
    """The patterns of a file: no comments, no blank lines."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.strip() and not line.startswith("#"):
            yield line


def language(folder):
    """The patterns of a language: a list of (file without its ending, pattern) and the lists."""
    raw = dict(line.split(" = ", 1) for line in lines(folder / "lists.txt")) if (folder / "lists.txt").exists() else {}
    lists = {name: parse("{" + value + "}", raw) for name, value in raw.items()}
    found = []
    for path in sorted(folder.glob("*.txt")):
        if path.stem != "lists":
            found += [(path.stem, parse(line, raw)) for line in lines(path)]
    return found, lists


def sample(count, seed, folder=FOLDER):
    """Up to `count` different texts of every pattern: dicts with text, label, kind, source and lang.

    The source is the language and the file; `pattern` names the pattern.
    """
    rows = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        patterns, lists = language(place)
        for number, (stem, pattern) in enumerate(patterns):
            rng = random.Random(f"{seed} {place.name} {stem} {number}")
            texts = {}
            for _ in range(count * 3):
                texts.setdefault(draw(pattern, lists, rng).strip())
                if len(texts) == count:
                    break
            benign = stem.startswith("benign")
            for text in texts:
                rows.append({
                    "text": text,
                    "label": 0 if benign else 1,
                    "kind": "benign_hard" if benign else stem.split("_")[0],
                    "source": f"own/{place.name}/{stem}",
                    "pattern": f"{place.name}/{stem}/{number}",
                    "lang": place.name,
                })
    return rows
