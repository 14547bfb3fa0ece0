"""Soft labels: what the MiniLM of the package stackone-defender (Apache-2.0) says of English texts.

It reads the texts that the weights may learn from and nothing else. It was itself trained on some of the sets by which
others are evaluated; CARD.md says what that means for our figures.
"""

import hashlib
import json
from pathlib import Path

import numpy

# It reads 256 of its tokens: longer texts have no soft label.
LONGEST = 900
# Of a source and label, at most.
MOST, MOST_OWN = 2_500, 14_000


def key(text):
    """What a text is filed under."""
    return hashlib.sha1(text.encode()).hexdigest()


def known(path):
    """The labels so far, by key."""
    if not Path(path).exists():
        return {}
    with open(path, encoding="utf-8") as file:
        return dict(json.loads(line) for line in file if line.endswith("\n"))


def label(rows, path, enough, say=print):
    """Labels texts until `enough` have labels, and keeps them in `path` as it goes: 60 texts a second."""
    done, counts, todo = known(path), {}, []
    for i in numpy.random.default_rng(7).permutation(len(rows)):
        row = rows[i]
        if not row["learn"] or row["lang"] not in ("en", "und") or len(row["text"]) > LONGEST:
            continue
        of = (row["source"].split("+")[0], "+placed" in row["source"], row["label"])
        counts[of] = counts.get(of, 0) + 1
        if counts[of] <= (MOST_OWN if of[0].startswith("own/") else MOST) and key(row["text"]) not in done:
            todo.append(row["text"])
    todo = todo[:max(0, enough - len(done))]
    if todo:
        classifier = _classifier()
        with open(path, "a", encoding="utf-8") as file:
            for at in range(0, len(todo), 512):
                part = todo[at:at + 512]
                for text, score in zip(part, classifier.classify_batch(part), strict=True):
                    file.write(json.dumps([key(text), round(score, 5)]) + "\n")
                file.flush()
                say(f"soft labels: {at + len(part)}/{len(todo)}")
    return known(path)


def _classifier():
    import onnxruntime
    from stackone_defender.classifiers.onnx_classifier import OnnxClassifier

    session = onnxruntime.InferenceSession

    def one_thread(path, *arguments, **named):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return session(path, options, *arguments, **named)

    onnxruntime.InferenceSession = one_thread
    # Its own calibration: classifier_config.json.
    return OnnxClassifier(temperature_t=2.41)
