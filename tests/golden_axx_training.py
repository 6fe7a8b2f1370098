"""Writes tests/data/axx/training.json: a small convolutional network of nc_axx.h trained by PyTorch
(float64; torch 2.15.0) with torch.optim, clip_grad_norm_, learning rates by their formulas, a crop of
padded images and mirroring. The order of the images and what moves them come from a model of
Philox4x32-10 here. Needs torch; the tests read only the file.
    python3 tests/golden_axx_training.py tests/data/axx/training.json"""
import json
import math
import sys

import torch
import torch.nn.functional as F

IMAGE, CHANNELS, CLASSES, DIM, DEPTH, BATCH, COUNT, EPOCHS = 6, 2, 3, 4, 2, 5, 12, 3
torch.set_default_dtype(torch.float64)


def philox(seed, low, high):
    c = [low & 0xFFFFFFFF, low >> 32, high & 0xFFFFFFFF, high >> 32]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k0, b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k1, a & 0xFFFFFFFF]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def order(seed, epoch):
    places = list(range(COUNT))
    for i in range(COUNT - 1, 0, -1):
        words = philox(seed, i, epoch)
        other = (words[0] << 32 | words[1]) % (i + 1)
        places[i], places[other] = places[other], places[i]
    return places


def uniform(state, shape):
    """float32 values of [-1, 1) from a linear congruential generator, and its state."""
    out = []
    for _ in range(math.prod(shape)):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append((state >> 40) / 2**23 - 1)
    return torch.tensor(out).reshape(shape), state


def augment(image, which, epoch, how):
    shift, words = how.get("shift", 0), philox(how["seed"], which, 1 << 32 | epoch)
    y, x = words[0] % (2 * shift + 1), words[1] % (2 * shift + 1)
    image = F.pad(image, (shift,) * 4)[:, y:y + IMAGE, x:x + IMAGE]
    return image.flip(2) if how.get("flip") and words[2] % 2 else image


def rate(how, step, steps, per_epoch):
    lr, warm = how["lr"], how.get("warmup_steps", 0)
    if "decay_epochs" in how:
        lr *= how["decay"] ** (step // per_epoch // how["decay_epochs"])
    if step < warm:
        return lr * (step + 1) / warm
    if how.get("cosine"):
        lr *= (1 + math.cos(math.pi * (step - warm) / (steps - warm))) / 2
    return lr


def fake(x, amax):
    """Eight bits and back; the gradient goes straight through."""
    scale = 127 / amax
    q = torch.clamp(torch.round(x * scale), -128, 127) / scale
    return x + (q - x).detach()


def forward(parameters, x, amax):
    """amax: None, what calibration fills in, or what it has found for each layer."""
    seen = []

    def quantised(x, w):
        seen.append(float(x.detach().abs().max()))
        if amax is None:
            return x, w
        rows = w.detach().abs().flatten(1).max(1).values.reshape(-1, *[1] * (w.dim() - 1))
        return fake(x, amax[len(seen) - 1]), fake(w, rows)

    for i in range(DEPTH):
        a, w = quantised(x, parameters[2 * i])
        x = F.relu(F.conv2d(a, w, parameters[2 * i + 1], stride=2 if i else 1, padding=1))
    a, w = quantised(x.mean((2, 3)), parameters[-2])
    return F.linear(a, w, parameters[-1]), seen


def train(how):
    state, parameters, width = 1, [], CHANNELS
    for shape in [(DIM, CHANNELS, 3, 3), (DIM,), (2 * DIM, DIM, 3, 3), (2 * DIM,),
                  (CLASSES, 2 * DIM), (CLASSES,)]:
        values, state = uniform(state, shape)
        parameters.append((values / 4).requires_grad_())
    images, state = uniform(state, (COUNT, CHANNELS, IMAGE, IMAGE))
    labels = torch.tensor([i * i % CLASSES for i in range(COUNT)])
    amax = forward(parameters, images, None)[1] if how.get("fake") else None
    matrices = [p for p in parameters if p.dim() > 1]
    groups = [{"params": matrices, "weight_decay": how.get("weight_decay", 0)},
              {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0}]
    if how.get("sgd"):
        optimiser = torch.optim.SGD(groups, lr=1, momentum=how.get("momentum", 0.9))
    else:
        optimiser = torch.optim.AdamW(groups, lr=1)
    per_epoch = -(-COUNT // BATCH)
    losses = []
    for epoch in range(EPOCHS):
        places = order(how["seed"], epoch)
        for i in range(0, COUNT, BATCH):
            batch = places[i:i + BATCH]
            x = torch.stack([augment(images[k], k, epoch, how) for k in batch])
            optimiser.zero_grad()
            loss = F.cross_entropy(forward(parameters, x, amax)[0], labels[batch])
            loss.backward()
            if "clip_norm" in how:
                torch.nn.utils.clip_grad_norm_(parameters, how["clip_norm"])
            for group in optimiser.param_groups:
                group["lr"] = rate(how, len(losses), EPOCHS * per_epoch, per_epoch)
            optimiser.step()
            losses.append(loss.item())
    after = torch.cat([p.detach().flatten() for p in parameters])
    return {"how": how, "losses": [float(f"{v:.9g}") for v in losses],
            "parameters": [float(f"{v:.9g}") for v in after.tolist()]}


SGD = {"sgd": 1, "lr": 0.1, "seed": 3}
ADAMW = {"lr": 0.02, "seed": 4}
cases = [train(how) for how in (
    SGD, ADAMW,
    {**SGD, "momentum": 0.5, "weight_decay": 0.1}, {**ADAMW, "weight_decay": 0.2},
    {**SGD, "clip_norm": 0.3}, {**ADAMW, "clip_norm": 0.3},
    {**SGD, "cosine": 1}, {**ADAMW, "cosine": 1, "warmup_steps": 4},
    {**SGD, "warmup_steps": 3, "decay_epochs": 1, "decay": 0.25},
    {**SGD, "shift": 2}, {**SGD, "flip": 1}, {**ADAMW, "shift": 1, "flip": 1, "seed": 2**40 + 5},
    {**SGD, "fake": 1},
    {**ADAMW, "fake": 1, "weight_decay": 0.1, "clip_norm": 0.5, "cosine": 1, "warmup_steps": 2,
     "shift": 1, "flip": 1})]
with open(sys.argv[1], "w") as file:
    file.write('{"made by": "tests/golden_axx_training.py", "cases": [\n')
    file.write(",\n".join(json.dumps(case) for case in cases) + "]}\n")
