"""The net: hashed grams added up, and two convolutions over tokens."""

import torch
from torch import nn
from torch.nn import functional

from features import GRAM_IDS, TOKEN_IDS

EMBEDDING, CHANNELS, REACH = 48, 48, 5


class Block(nn.Module):
    """A convolution of REACH tokens, channel by channel, then one of all channels, token by token."""

    def __init__(self, before, after):
        super().__init__()
        self.deep = nn.Parameter(torch.randn(before, REACH) * 0.3)
        self.wide = nn.Linear(before, after)

    def forward(self, x):
        half = REACH // 2
        padded = functional.pad(x, (0, 0, half, half))
        length = x.shape[1]
        y = sum(padded[:, k:k + length] * self.deep[:, k] for k in range(REACH))
        return functional.relu(self.wide(y))


class Net(nn.Module):
    """Logits of windows, [W]; and those of its two parts."""

    def __init__(self):
        super().__init__()
        self.grams = nn.Embedding(GRAM_IDS, 1, padding_idx=0)
        nn.init.zeros_(self.grams.weight)
        self.tokens = nn.Embedding(TOKEN_IDS, EMBEDDING, padding_idx=0)
        with torch.no_grad():
            self.tokens.weight.mul_(0.3)
            self.tokens.weight[0] = 0
        self.first = Block(EMBEDDING, CHANNELS)
        self.second = Block(CHANNELS, CHANNELS)
        self.last = nn.Linear(2 * CHANNELS, 1)

    def forward(self, tokens, grams, drop=0.0):
        mask = (tokens > 0).unsqueeze(-1).float()
        if drop:
            tokens = tokens * (torch.rand(tokens.shape) > drop)
            grams = grams * (torch.rand(grams.shape) > 2 * drop)
        added = self.grams(grams).sum(1).squeeze(-1)
        x = self.first(self.tokens(tokens)) * mask
        x = (self.second(x) + x) * mask
        pooled = torch.cat([x.amax(1), x.sum(1) / 32], 1)
        if drop:
            pooled = functional.dropout(pooled, 2 * drop)
        convolved = self.last(pooled).squeeze(-1)
        return added + convolved, added, convolved
