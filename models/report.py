"""The figures of the card: FIGURES.md, from what was held back."""

import collections
import json
from pathlib import Path

import numpy

FILE = Path(__file__).resolve().parent / "FIGURES.md"
BANDS = ((0, 100), (100, 300), (300, 1000), (1000, 4000), (4000, 10**9))


class Held:
    """Rows and scores of a gold and a score file."""

    def __init__(self, *stems):
        self.rows, scores = [], []
        for stem in stems:
            with open(f"{stem}.gold.jsonl", encoding="utf-8") as gold, open(f"{stem}.scores.jsonl") as file:
                for row, score in zip(map(json.loads, gold), map(json.loads, file), strict=True):
                    assert row["id"] == score["id"]
                    self.rows.append(row)
                    scores.append(score["score"])
        self.score = numpy.array(scores)
        self.attack = numpy.array([row["label"] == 1 for row in self.rows])

    def column(self, key):
        return numpy.array([row[key] for row in self.rows])

    def auc(self):
        _, place, count = numpy.unique(self.score, return_inverse=True, return_counts=True)
        end = numpy.cumsum(count)
        rank = ((end - count + 1 + end) / 2)[place]
        attacks = int(self.attack.sum())
        return (rank[self.attack].sum() - attacks * (attacks + 1) / 2) / (attacks * (len(rank) - attacks))

    def at(self, share):
        """What is found when `share` of all harmless texts are."""
        harmless = numpy.sort(self.score[~self.attack])[::-1]
        return self.score > harmless[int(share * len(harmless))]


def _mean(of):
    return f"{of.mean():.3f}" if len(of) else "-"


def _summary(name, held):
    one, tenth = held.at(0.01), held.at(0.001)
    source, lang = held.column("source"), held.column("lang")
    sources = sorted(set(source[held.attack]))
    macro = numpy.mean([one[held.attack & (source == of)].mean() for of in sources])
    other = held.attack & (lang != "en")
    return (f"| {name} | {held.auc():.3f} | {_mean(one[held.attack])} | {_mean(tenth[held.attack])} | {macro:.3f} | "
            f"{_mean(one[other])} | {_mean(one[held.column('kind') == 'benign_hard'])} |")


def _shares(title, keys, held, reached):
    flagged, blocked = reached
    one, tenth = held.at(0.01), held.at(0.001)
    yield f"| {title} | attacks | found at 1 % | at 0.1 % | flagged | harmless | flagged | blocked |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for key in sorted(set(keys), key=str):
        here = keys == key
        attack, harmless = here & held.attack, here & ~held.attack
        name = key if not isinstance(key, numpy.integer) else f"{BANDS[key][0]} to {BANDS[key][1]}"
        if isinstance(key, numpy.integer) and BANDS[key][1] == 10**9:
            name = f"{BANDS[key][0]} and more"
        yield (f"| {name} | {attack.sum()} | {_mean(one[attack])} | {_mean(tenth[attack])} | {_mean(flagged[attack])} | "
               f"{harmless.sum()} | {_mean(flagged[harmless])} | {_mean(blocked[harmless])} |")
    yield ""


def write(work, calibration, harmful):
    """Writes FIGURES.md from the files that calibrate.py left in `work`."""
    lines = [
        "# Figures",
        "",
        "Made by `make models`; CARD.md says what they are worth. *Held back*: every source of the public pool that was",
        "learned from, scored by a net that saw nothing of its group. *Apart*: sources that no net ever learned from.",
        "Thresholds at 1 % and 0.1 % are those of the harmless texts of the table's own set.",
        "",
        "| set, score | AUC | recall at 1 % | at 0.1 % | mean of sources at 1 % | other languages at 1 % | hard harmless at 1 % |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in ("held-back", "apart"):
        for score in ("rules", "classifier", "both"):
            lines.append(_summary(f"{name}, {score}", Held(work / f"{name}.{score}")))
    lines.append("")
    for name in ("held-back", "apart"):
        held = Held(work / f"{name}.both")
        reached = (held.score >= calibration["flag"], held.score >= calibration["block"])
        harmless = collections.Counter(held.column("kind")[~held.attack])
        lines += [f"## {name.capitalize()}: rules and classifier", "",
                  f"{len(held.rows)} texts, {int(held.attack.sum())} attacks, {harmless['benign_hard']} harmless texts that "
                  "look like attacks. *Flagged* and *blocked* are at the shipped thresholds.", ""]
        length = numpy.array([len(row["text"]) for row in held.rows])
        band = numpy.digitize(length, [high for _, high in BANDS[:-1]])
        for title, keys in (("kind", held.column("kind")), ("language", held.column("lang")),
                            ("source", held.column("source")), ("characters", band)):
            lines += _shares(title, keys, held, reached)
    lines += ["## Harmful requests without an injection", "",
              f"{len(harmful)} texts, by the shipped net: flagged {(harmful >= calibration['flag']).mean():.3f}, blocked "
              f"{(harmful >= calibration['block']).mean():.3f}. They are no attacks on a model's instructions and were not "
              "learned from."]
    FILE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
