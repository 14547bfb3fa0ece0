"""Training: one net over windows, the logit of a text being that of its highest window."""

import time

import numpy
import torch
from torch.nn import functional

import teacher
from net import Net

# Windows of a text that a step looks at, and windows in a step.
MOST, STEP = 14, 192


def weights(rows, cap=0.1, attacks=0.4, written=None):
    """How often each row is drawn: the square root of its source's size, no source above `cap` of its label's, and the
    labels alike in every language that has both. `written` is the share of texts/ in each label, if it is to have one."""
    label = numpy.array([row["label"] for row in rows])
    source = numpy.array([row["source"].split("+")[0] + ("+placed" if "+placed" in row["source"] else "")
                          for row in rows])
    lang = numpy.array(["en" if row["lang"] in ("code", "und") else row["lang"] for row in rows])
    weight = numpy.zeros(len(rows))
    for of in (0, 1):
        names, inverse, counts = numpy.unique(source[label == of], return_inverse=True, return_counts=True)
        share = counts**0.6
        for _ in range(20):
            share = numpy.minimum(share / share.sum(), cap)
        weight[label == of] = (share / counts)[inverse]
    if written:
        own = numpy.array([row["source"].startswith("own/") for row in rows])
        for of in (0, 1):
            for part, share in ((own, written), (~own, 1 - written)):
                if (part & (label == of)).any():
                    weight[part & (label == of)] *= share / weight[part & (label == of)].sum()
    # Languages: what the label's share is everywhere, it is in each of them.
    weight /= weight.sum()
    for name in numpy.unique(lang):
        for of, part in ((1, attacks), (0, 1 - attacks)):
            here, other = (lang == name) & (label == of), (lang == name) & (label != of)
            total = weight[lang == name].sum() if other.any() else None
            if here.any() and total:
                weight[here] *= min(6.0, part * total / weight[here].sum())
            elif here.any():
                weight[here] *= 0.3
    return weight / weight.sum()


def highest_of(net, windows, places, batch=512, floor=-20.0):
    """The logits of the texts at `places`: those of their highest windows; `floor` for a text without one."""
    net.eval()
    firsts, ends = windows.first[places], windows.first[places + 1]
    wanted = numpy.concatenate([numpy.arange(first, end) for first, end in zip(firsts, ends)])
    owner = numpy.repeat(numpy.arange(len(places)), ends - firsts)
    logits = numpy.zeros(len(wanted), numpy.float32)
    order = numpy.argsort(numpy.diff(windows.token_ends)[wanted], kind="stable")
    with torch.no_grad():
        for at in range(0, len(order), batch):
            part = order[at:at + batch]
            tokens, grams = windows.batch(wanted[part])
            logits[part] = net(torch.from_numpy(tokens), torch.from_numpy(grams))[0].numpy()
    out = numpy.full(len(places), floor, numpy.float32)
    numpy.maximum.at(out, owner, logits)
    return out


def targets(rows, soft):
    """What the net should say of each row: the label, and the soft label where there is one."""
    out = numpy.array([row["label"] for row in rows], numpy.float32)
    for i, row in enumerate(rows):
        score = soft.get(teacher.key(row["text"])) if row["lang"] in ("en", "und") else None
        if score is not None:
            share = 0.3 if row["source"].startswith("own/") else 0.5
            out[i] = (1 - share) * out[i] + share * score
    return out


def train(rows, windows, choose, draws, target, seed=1, rate=3e-3, drop=0.1, decay=0.02, written=None, net=None,
          say=print):
    """Trains on the rows that `choose` (booleans) names, `draws` texts in all, towards `target`; goes on with `net`."""
    torch.manual_seed(seed)
    rng = numpy.random.default_rng(seed)
    net = net or Net()
    places = numpy.flatnonzero(choose & (numpy.diff(windows.first) > 0))
    weight = weights([rows[i] for i in places], written=written)
    label = numpy.array([row["label"] for row in rows], numpy.float32)
    optimiser = torch.optim.AdamW([
        {"params": [net.grams.weight], "lr": rate, "weight_decay": decay},
        {"params": [p for n, p in net.named_parameters() if not n.startswith("grams")], "lr": rate,
         "weight_decay": decay},
    ])
    drawn = rng.choice(places, draws, p=weight)
    net.train()
    at, began, told, losses = 0, time.time(), 0, []
    while at < draws:
        end, picked, owner, count = at, [], [], 0
        while end < draws and count < STEP:
            mine = numpy.arange(windows.first[drawn[end]], windows.first[drawn[end] + 1])
            if len(mine) > MOST:
                mine = rng.choice(mine, MOST, replace=False) if label[drawn[end]] == 0 else mine[:3 * MOST]
            picked.append(mine)
            owner += [end - at] * len(mine)
            count += len(mine)
            end += 1
        tokens, grams = windows.batch(numpy.concatenate(picked))
        wanted = torch.from_numpy(target[drawn[at:end]])
        owner = torch.tensor(owner)
        parts = net(torch.from_numpy(tokens), torch.from_numpy(grams), drop)
        loss = 0
        for part, share in zip(parts, (1.0, 0.3, 0.3)):
            text = torch.full((end - at,), -30.0).scatter_reduce(0, owner, part, "amax")
            loss = loss + share * functional.binary_cross_entropy_with_logits(text, wanted * 0.98 + 0.01)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (at + 500) / (0.05 * draws + 500)) * max(0.02, 1 - at / draws)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        losses.append(loss.item())
        at = end
        if at - told >= draws // 10:
            told = at
            say(f"{at}/{draws} texts  loss {numpy.mean(losses[-100:]):.3f}  {time.time() - began:.0f} s")
    return net
