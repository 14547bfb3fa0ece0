"""Trains, evaluates and exports the classifier: what `make models DATA=<folder>` runs.

Every step leaves a file in the working folder and is passed over when it is there: what stopped goes on where it was.
A new text or script needs a new folder, or `--again`.
"""

import argparse
import hashlib
import json
import pickle
import time
from pathlib import Path

import numpy
import torch

import calibrate
import corpus
import evaluate
import export
import features
import report
import teacher
import train
from net import Net

HERE = Path(__file__).resolve().parent
MODEL = HERE / "prompt-guard.onnx"


def say(text):
    print(time.strftime("%H:%M:%S"), text, flush=True)


def texts(options):
    """The rows and their windows."""
    kept = options.work / "rows.pickle"
    if not kept.exists():
        rows = corpus.read(options.data, per_pattern=options.per_pattern, seed=options.seed)
        rows += corpus.composed(rows, options.placed, seed=options.seed)
        features.of(rows, options.work / "windows")
        kept.write_bytes(pickle.dumps(rows))
    rows = pickle.loads(kept.read_bytes())
    windows = features.Windows(options.work / "windows", len(rows))
    say(f"{len(rows)} texts, {len(windows.text)} windows")
    return rows, windows


def trained(options, name, rows, windows, choose, target):
    """A net that learned from the rows that `choose` names."""
    kept = options.work / f"{name}.pt"
    net = Net()
    if not kept.exists():
        say(f"training {name} on {int(choose.sum())} texts")
        draws = options.draws if name == "final" else options.fold_draws
        told = {"seed": options.seed, "say": lambda text: say(f"  {name}: {text}")}
        first = options.work / f"{name}.first.pt"
        if first.exists():
            net.load_state_dict(torch.load(first))
        else:
            net = train.train(rows, windows, choose, draws, target, **told)
            torch.save(net.state_dict(), first)
        # What is written for the purpose has far more texts than the public sources: at the end, both weigh the same.
        net = train.train(rows, windows, choose, draws // 8 if name == "final" else draws // 4, target, rate=1e-3,
                          written=0.5, net=net, **told)
        torch.save(net.state_dict(), kept)
    net.load_state_dict(torch.load(kept))
    export.round_tables(net)
    return net


def chosen(rows, name):
    """What a net may learn from: everything, or everything that is not of a group."""
    learned = numpy.array([row["learn"] for row in rows])
    if name == "final":
        return learned
    group = evaluate.GROUPS[int(name.removeprefix("fold"))]
    return learned & ~numpy.isin([evaluate.source(row) for row in rows], group)


def held_back(options, rows, windows, target, net):
    """The logit of every row of the pool by a net that has seen nothing of its source's group."""
    logits = numpy.full(len(rows), numpy.nan, numpy.float32)
    source = numpy.array([evaluate.source(row) for row in rows])
    pool = numpy.array(["+" not in row["source"] for row in rows])
    for number, group in enumerate(evaluate.GROUPS):
        name = f"fold{number}"
        fold = trained(options, name, rows, windows, chosen(rows, name), target)
        places = numpy.flatnonzero(numpy.isin(source, group) & pool)
        logits[places] = train.highest_of(fold, windows, places)
    places = numpy.flatnonzero(numpy.isin(source, evaluate.APART))
    logits[places] = train.highest_of(net, windows, places)
    return logits


def harmful(options, net, figures):
    """Scores of harmful requests without an injection, which are nothing to find here."""
    rows = [json.loads(line) for line in open(options.data / "train_harmful_only.jsonl", encoding="utf-8")]
    windows = features.of(rows, options.work / "harmful")
    places = numpy.arange(len(rows))
    return calibrate.scores(rows, windows, train.highest_of(net, windows, places), places, figures)


def of_cases(options, net):
    """The rules' shares of the harmless cases of the tests, and their logits."""
    rows = calibrate.cases()
    windows = features.of(rows, options.work / "cases")
    places = numpy.arange(len(rows))
    return calibrate.by_rules(rows, places), calibrate.spread(train.highest_of(net, windows, places), windows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with train_pool.jsonl")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is made on the way")
    parser.add_argument("--draws", type=int, default=240_000, help="texts that training looks at")
    parser.add_argument("--fold-draws", type=int, default=50_000, help="the same, for each group that is left out")
    parser.add_argument("--soft", type=int, default=22_500, help="texts that get a soft label")
    parser.add_argument("--per-pattern", type=int, default=40)
    parser.add_argument("--placed", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="train final, fold0, fold1, ... and stop: several at a time by hand")
    parser.add_argument("--again", action="store_true", help="forget all but the soft labels")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.again:
        for path in options.work.iterdir():
            if path.suffix in (".pt", ".pickle"):
                path.unlink()
    torch.set_num_threads(1)
    rows, windows = texts(options)
    soft = teacher.label(rows, options.work / "soft.jsonl", options.soft, say)
    target = train.targets(rows, soft)
    if options.only:
        trained(options, options.only, rows, windows, chosen(rows, options.only), target)
        return
    net = trained(options, "final", rows, windows, chosen(rows, "final"), target)
    MODEL.write_bytes(export.graph(net).SerializeToString())
    digest = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    say(f"{MODEL.name}: {MODEL.stat().st_size} bytes, SHA-256 {digest}")
    evaluate.agreement(MODEL, options.work / "agreement", HERE / "agreement.jsonl")
    logits = held_back(options, rows, windows, target, net)
    numpy.save(options.work / "logits.npy", logits)
    figures = calibrate.calibrate(rows, windows, logits, options.work, of_cases(options, net))
    (HERE / "prompt-guard.json").write_text(json.dumps({"sha256": digest, **figures}, indent=2) + "\n")
    report.write(options.work, figures, harmful(options, net, figures))
    say("calibrated: " + json.dumps(figures))


main()
