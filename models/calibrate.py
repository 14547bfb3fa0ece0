"""From logits to a probability that adds up with that of the rules, and where it flags and blocks.

The score of a text is `1 - (1 - rules) * (1 - p)`, p = sigmoid(scale * (logit - length * ln(windows)) + offset), with the
logit of its highest window, which is what the stage computes: of many windows one is high by chance, and `length` makes
up for that. `scale` and `offset` are such that of the harmless texts, which no net had seen and which `FLAG` and `BLOCK` of the
configuration's defaults meet, one in a hundred reaches the one and one in a thousand the other, or fewer if what looks
like an attack and is none would reach them too often. The same holds of the harmless cases of the tests, which were written
to look like attacks and which no net learns from.
"""

import json
import subprocess
import tempfile

import numpy

import evaluate
from features import ROOT

FLAG, BLOCK = 0.5, 0.8
RULES_ALONE = {"profiles": {"default": {"prompt_guard": {"classifier": {"mode": "off"}}}}}
LENGTH = 0.5
# Of all harmless texts (of the pool, and of the cases), and of those that look like attacks: what may reach FLAG, what BLOCK.
MOST = {FLAG: (0.01, 0.02), BLOCK: (0.001, 0.004)}


def by_rules(rows, places):
    """The rules' share in the score of each row, from `portcullis score`."""
    lines = "".join(json.dumps({"id": int(i), "text": rows[i]["text"]}) + "\n" for i in places)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as config:
        json.dump(RULES_ALONE, config)
        config.flush()
        command = [ROOT / "dist/portcullis", "score", "--config", config.name]
        answered = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    out = numpy.zeros(len(rows), numpy.float64)
    for row in map(json.loads, answered.splitlines()):
        out[row["id"]] = row["score"]
    return out


def probability(logits, scale, offset):
    return 1 / (1 + numpy.exp(-(scale * numpy.asarray(logits, numpy.float64) + offset)))


def _odds(share):
    return float(numpy.log(share / (1 - share)))


def lowest(rules, logits, hard, reach):
    """The lowest logit at which few enough harmless texts reach `reach`, those that the rules carry there apart."""
    every, looking = MOST[reach]
    cut = -numpy.inf
    for part, share in ((numpy.ones(len(logits), bool), every), (hard, looking)):
        if not part.any():
            continue
        carried = rules[part] >= reach
        room = int(share * part.sum()) - int(carried.sum())
        # When the rules alone take it all, the classifier gets a quarter of it for itself.
        room = max(room, int(share * part.sum() / 4))
        rest = numpy.sort(logits[part][~carried])[::-1]
        cut = max(cut, float(rest[min(room, len(rest) - 1)]))
    return cut


def scores(rows, windows, logits, places, figures):
    """The scores of the rows at `places` by rules and classifier together."""
    logits = logits - figures["length"] * numpy.log(numpy.maximum(1, numpy.diff(windows.first)))
    share = probability(logits, figures["scale"], figures["offset"])
    return (1 - (1 - by_rules(rows, places)) * (1 - share))[places]


def cases():
    """The harmless texts of the tests."""
    files = sorted((ROOT / "tests/cases/benign").glob("*.jsonl"))
    rows = [json.loads(line) for path in files for line in path.open(encoding="utf-8")]
    return [row for row in rows if "text" in row]


def spread(logits, windows):
    """What `length` makes of logits of the highest windows."""
    return logits - LENGTH * numpy.log(numpy.maximum(1, numpy.diff(windows.first)))


def calibrate(rows, windows, logits, work, of_cases):
    """scale, offset, flag and block; writes gold and score files of everything held back. `of_cases`: the rules' shares of
    the cases and their logits, as `spread` gives them."""
    places = numpy.flatnonzero(~numpy.isnan(logits))
    logits = spread(logits, windows)
    rules = by_rules(rows, places)
    label = numpy.array([row["label"] for row in rows])
    hard = numpy.array([row["kind"] == "benign_hard" for row in rows])
    harmless = places[label[places] == 0]
    sets = ((rules[harmless], logits[harmless], hard[harmless]), (*of_cases, numpy.zeros(len(of_cases[0]), bool)))
    flag = max(lowest(*texts, FLAG) for texts in sets)
    block = max(*(lowest(*texts, BLOCK) for texts in sets), flag + 0.5)
    scale = (_odds(BLOCK) - _odds(FLAG)) / (block - flag)
    scale = round(scale, 5)
    offset = round(_odds(FLAG) - scale * flag, 5)
    share = probability(logits, scale, offset)
    both = 1 - (1 - rules) * (1 - share)
    apart = numpy.isin([evaluate.source(row) for row in rows], evaluate.APART)
    for name, scores in (("classifier", share), ("rules", rules), ("both", both)):
        evaluate.files(rows, scores, places[~apart[places]], work / f"held-back.{name}")
        evaluate.files(rows, scores, places[apart[places]], work / f"apart.{name}")
    return {"length": LENGTH, "scale": scale, "offset": offset, "flag": FLAG, "block": BLOCK}
