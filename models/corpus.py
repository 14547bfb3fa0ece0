"""The texts that the weights learn from: the pool, samples of texts/, and both put into documents.

What is put into a document is an attack or, in as many and the same documents, text that is none.
"""

import collections
import json
import random

import sources
import texts

# Characters of a text that are looked at.
LONGEST = 12_000

FRAMES = [
    "From: {name}@mail.example\nTo: team@office.example\nSubject: {subject}\n\n{before}\n\n{it}\n\n{after}\n\nBest,\n{name}",
    "{before}\n{it}\n{after}",
    "{before} {it} {after}",
    "# {subject}\n\n{before}\n\n{it}\n\n{after}\n",
    '{{"id": {number}, "status": "ok", "result": "{before}", "note": "{it}", "updated": "2025-0{digit}-1{digit}"}}',
    '{{"items": [{{"title": "{subject}", "body": "{before} {it}"}}, {{"title": "{name}", "body": "{after}"}}]}}',
    "<html><body><h1>{subject}</h1><p>{before}</p><div>{it}</div><p>{after}</p></body></html>",
    "<html><head><title>{subject}</title></head><body>{before}<!-- {it} --></body></html>",
    "/* {it} */\n{before}\n",
    "{before}\n# {it}\n{after}\n",
    "def {name}(x):\n    \"\"\"{subject}\n\n    {it}\n    \"\"\"\n    return x\n\n{after}",
    "{before}\n\n---\n{it}\n---\n\nSummarise the text above.",
    "Summarise this for me:\n\n{before}\n\n{it}\n\n{after}",
    "Translate into French: {it}",
    "Review by {name} ({digit}/5): {before} {it}",
    "id,name,comment\n{number},{name},{subject}\n{digit},other,{it}\n{number},{name},{after}",
    "Ticket #{number}: {subject}\nReporter: {name}\n\n{before}\n\nComment:\n{it}",
    "user: {before}\nassistant: {after}\nuser: {it}",
    "Question: {before}\nContext: {it}\nAnswer:",
    "{it}\n\n{before}",
    "{it} {before}",
    "{before} {it}",
]
NAMES = ["anna", "lee", "omar", "priya", "jonas", "mei", "carla", "tom", "yuki", "nadia"]


def read(data, per_pattern=60, seed=1):
    """The rows of the pool and the samples of texts/."""
    rows = sources.read(data)
    for row in texts.sample(per_pattern, seed):
        row["learn"] = True
        rows.append(row)
    for row in rows:
        row["text"] = row["text"][:LONGEST]
    return rows


def _host(rng, rows, low, high):
    text = rng.choice(rows)["text"]
    length = rng.randint(low, high)
    at = rng.randint(0, max(0, len(text) - length))
    return text[at:at + length].strip()


def place(row, hosts, rng, long=False):
    """A copy of a row whose text stands in a document of its own language, or of English."""
    same = hosts.get(row["lang"]) if rng.random() < 0.7 else None
    pool = same if same and len(same) > 40 else hosts["en"]
    frame = rng.choice(FRAMES)
    low, high = (1000, 5000) if long else (20, 700)
    text = frame.format(
        name=rng.choice(NAMES), subject=_host(rng, pool, 10, 50), number=rng.randint(10, 99999), digit=rng.randint(1, 8),
        before=_host(rng, pool, low, high), after=_host(rng, pool, low, high), it=row["text"])
    return dict(row, text=text[:LONGEST], kind=row["kind"] if row["label"] == 0 else "indirect",
                source=row["source"] + "+placed")


def misspell(text, rng):
    """A text with letters swapped, dropped and doubled here and there."""
    letters = list(text)
    for _ in range(max(1, len(letters) // 40)):
        at = rng.randrange(max(1, len(letters) - 1))
        if at + 1 >= len(letters) or not letters[at].isalpha():
            continue
        match rng.randrange(3):
            case 0:
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
            case 1:
                letters[at] = ""
            case _:
                letters[at] *= 2
    return "".join(letters)


def composed(rows, count, seed=1):
    """`count` attacks in documents and as many other texts in documents, from the rows that may be learned from."""
    rng = random.Random(seed)
    learned = [row for row in rows if row["learn"]]
    hosts = collections.defaultdict(list)
    for row in learned:
        if row["label"] == 0 and row["kind"] == "benign" and len(row["text"]) > 150:
            hosts[row["lang"]].append(row)
        elif row["source"] in ("promptsbook_multilang", "gpteacher_roleplay", "gitlog_train") or (
                row["label"] == 0 and row["source"].startswith("own/")):
            hosts[row["lang"]].append(row)
    hosts["en"] += hosts.pop("code", [])
    by = collections.defaultdict(list)
    for row in learned:
        if len(row["text"]) < 600:
            by[row["label"], row["source"]].append(row)
    out = []
    for label in (1, 0):
        names = sorted(name for of, name in by if of == label)
        # Large sources more often, by the square root; what is written for the purpose, twice as often.
        weights = [len(by[label, name]) ** 0.5 * (2 if name.startswith("own/") else 1) for name in names]
        for _ in range(count):
            row = rng.choice(by[label, rng.choices(names, weights)[0]])
            out.append(place(row, hosts, rng, long=rng.random() < 0.15))
        for _ in range(count // 3):
            row = rng.choice(by[label, rng.choices(names, weights)[0]])
            out.append(dict(row, text=misspell(row["text"], rng), source=row["source"] + "+misspelt"))
    # Long documents with nothing in them: several hosts, one after the other.
    for _ in range(count // 6):
        pool = hosts[rng.choice(["en", "en", "en", *hosts])]
        if not pool:
            continue
        text = "\n\n".join(rng.choice(pool)["text"] for _ in range(rng.randint(4, 16)))
        out.append({"text": text[:LONGEST], "label": 0, "kind": "benign", "source": "long documents", "lang": "en",
                    "learn": True})
    return out


def write(rows, path):
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
