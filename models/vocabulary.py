"""Makes the vocabulary: filters/prompt-guard/features/src/vocabulary.txt.

usage: vocabulary.py DATA

Byte pair encoding over the plain forms that `portcullis features` writes, every language with a share of its own. Ids
are lines: a new vocabulary makes every trained model void. `make models` does not call this.
"""

import collections
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

import sources
import texts

ROOT = Path(__file__).resolve().parent.parent
PIECES = 8192 - 256 - 1
ALPHABET = 1400


def plain(rows):
    with tempfile.TemporaryDirectory() as folder:
        lines = "".join(json.dumps({"text": row["text"]}) + "\n" for row in rows)
        subprocess.run([ROOT / "dist/portcullis", "features", "--out", folder], input=lines.encode(), check=True)
        return (Path(folder) / "plain.txt").read_text(encoding="utf-8").split("\n")[:-1]


def main(data):
    rows = [row for row in sources.read(data) if row["learn"]] + texts.sample(60, 1)
    counts = collections.defaultdict(collections.Counter)
    for row, text in zip(rows, plain(rows), strict=True):
        language = {"en": "en", "code": "en"}.get(row["lang"], row["lang"])
        # A word counts once a text: lists and templates repeat themselves.
        counts[language].update(set(text.split()))
    total = collections.Counter()
    for language, words in counts.items():
        # The share of a language: the square root of its size, so that English does not take all.
        weight = 3e5 * math.sqrt(sum(words.values())) / sum(words.values())
        for word, count in words.items():
            if count > 1 and len(word) <= 24:
                total[word] += weight * count**0.7 / 1e3
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES + 400, limit_alphabet=ALPHABET, min_frequency=2, max_token_length=17, show_progress=False)
    sequence = (" ".join([word] * max(1, round(count))) for word, count in sorted(total.items()))
    tokenizer.train_from_iterator(sequence, trainer)
    order = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    pieces = [piece.replace("▁", " ") for piece, _ in order if piece not in ("▁",)]
    assert len(pieces) >= PIECES, len(pieces)
    target = ROOT / "filters/prompt-guard/features/src/vocabulary.txt"
    target.write_text("".join(piece + "\n" for piece in pieces[:PIECES]), encoding="utf-8")


main(sys.argv[1])
