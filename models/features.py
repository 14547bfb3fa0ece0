"""Windows of texts, from `portcullis features`."""

import json
import subprocess
from pathlib import Path

import numpy

ROOT = Path(__file__).resolve().parent.parent
TOKEN_IDS, GRAM_IDS = 8192, 262_144


class Windows:
    """The windows of texts, one after the other; of text `i`, windows first[i]..first[i + 1]."""

    def __init__(self, folder, texts):
        self.tokens = numpy.fromfile(folder / "tokens.u16", "<u2")
        self.grams = numpy.fromfile(folder / "grams.u32", "<u4")
        table = numpy.fromfile(folder / "windows.u32", "<u4").reshape(-1, 3).astype(numpy.int64)
        self.text = table[:, 0]
        self.token_ends = numpy.concatenate([[0], table[:, 1]])
        self.gram_ends = numpy.concatenate([[0], table[:, 2]])
        self.first = numpy.searchsorted(self.text, numpy.arange(texts + 1))

    def batch(self, windows):
        """Padded tokens and grams of some windows, as int64."""
        return (_pad(self.tokens, self.token_ends, windows), _pad(self.grams, self.gram_ends, windows))


def _pad(ids, ends, windows):
    lengths = ends[windows + 1] - ends[windows]
    wide = max(1, int(lengths.max()))
    out = numpy.zeros((len(windows), wide), numpy.int64)
    mask = numpy.arange(wide) < lengths[:, None]
    places = (ends[windows][:, None] + numpy.arange(wide))[mask]
    out[mask] = ids[places]
    return out


def of(rows, folder):
    """The windows of the texts of `rows`; `folder` keeps them."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps({"text": row["text"]}) + "\n" for row in rows)
    subprocess.run([ROOT / "dist/portcullis", "features", "--out", folder], input=lines.encode(), check=True)
    return Windows(folder, len(rows))
