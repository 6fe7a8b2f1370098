"""Training steps of nc_hlx.h's tiny and small presets in it and in PyTorch, in turn.
    train.py [tiny|small] [threads]      (all of them when none is named)
Same shapes, batch, float32, AdamW, clipping at 1; eager PyTorch with its fused AdamW. Every
measurement is a process of its own: idle threads of one library must not disturb the other."""
import ctypes as c
import importlib.util
import statistics
import subprocess
import sys
import time

import peers

PRESETS = {"tiny": (256, 4, 4, 1024, 128), "small": (512, 6, 8, 2048, 256)}
BATCH, VOCAB = 8, 256
STEPS = {"tiny": 16, "small": 3}
TURNS = 3

def model_of(d, layers, heads, ffn, seq):
    class Block(torch.nn.Module):
        def __init__(self, d, heads, ffn):
            super().__init__()
            self.heads = heads
            self.ln1, self.ln2 = torch.nn.LayerNorm(d), torch.nn.LayerNorm(d)
            self.qkv, self.proj = torch.nn.Linear(d, 3 * d), torch.nn.Linear(d, d)
            self.fc, self.out = torch.nn.Linear(d, ffn), torch.nn.Linear(ffn, d)

        def forward(self, x):
            b, t, d = x.shape
            q, k, v = self.qkv(self.ln1(x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.proj(y.transpose(1, 2).reshape(b, t, d))
            return x + self.out(F.gelu(self.fc(self.ln2(x)), approximate="tanh"))


    class Model(torch.nn.Module):
        def __init__(self, d, layers, heads, ffn, seq):
            super().__init__()
            self.wte, self.wpe = torch.nn.Embedding(VOCAB, d), torch.nn.Embedding(seq, d)
            self.blocks = torch.nn.ModuleList(Block(d, heads, ffn) for _ in range(layers))
            self.ln, self.head = torch.nn.LayerNorm(d), torch.nn.Linear(d, VOCAB, bias=False)

        def forward(self, tokens):
            x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
            for block in self.blocks:
                x = block(x)
            return self.head(self.ln(x))

    return Model(d, layers, heads, ffn, seq)


def torch_steps(preset, threads, steps):
    """Seconds of each step."""
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = model_of(*PRESETS[preset])
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-4, fused=True)
    times = []
    for _ in range(steps + 1):
        tokens = torch.randint(0, VOCAB, (BATCH, PRESETS[preset][4] + 1))
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        logits = model(tokens[:, :-1])
        F.cross_entropy(logits.reshape(-1, VOCAB), tokens[:, 1:].reshape(-1)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        times.append(time.perf_counter() - start)
    return times[1:]


def nc_steps(preset, threads, steps):
    text = bytes(32 + i * i % 90 for i in range(1 << 16))
    seconds = (c.c_double * steps)()
    if peers.library(threads).peer_train(preset.encode(), text, c.c_size_t(len(text)), steps,
                                         seconds):
        sys.exit("nc_hlx.h: the step failed")
    return list(seconds)


def in_process(who, preset, threads):
    out = subprocess.run([sys.executable, __file__, who, preset, str(threads)],
                         capture_output=True, text=True, check=True).stdout
    return [float(t) for t in out.split()]


def compare(preset, threads):
    ours, theirs = [], []
    for _ in range(TURNS):
        theirs += in_process("theirs", preset, threads)
        ours += in_process("ours", preset, threads)
    tokens = BATCH * PRESETS[preset][4]
    peers.row("hlx", f"{preset}, training, {threads} thread" + "s" * (threads > 1), "tokens/s",
              tokens, statistics.median(ours), statistics.median(theirs),
              f"PyTorch {peers.version('torch')}", "eager, oneDNN, fused AdamW")


words = sys.argv[1:]
if words[:1] == ["theirs"]:
    import torch
    import torch.nn.functional as F

    print(*torch_steps(words[1], int(words[2]), STEPS[words[1]]))
elif words[:1] == ["ours"]:
    print(*nc_steps(words[1], int(words[2]), STEPS[words[1]]))
elif importlib.util.find_spec("torch") is None:
    peers.skip("PyTorch (training)", "torch is not installed: make peers")
else:
    for p in words[:1] or PRESETS:
        for t in [int(words[1])] if len(words) > 1 else (1, 2):
            compare(p, t)
