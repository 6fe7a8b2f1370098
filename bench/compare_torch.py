"""Training steps of the tiny and small presets in PyTorch and in nc_hlx.h, alternating in one run.
    make build/hlx_train && python3 bench/compare_torch.py      (needs torch)
Prints a table of tokens/s: the median of the steps of three turns each."""
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F

# Each measurement is a process of its own: idle threads of one library must not disturb the other.
PRESETS = {"tiny": (256, 4, 4, 1024, 128), "small": (512, 6, 8, 2048, 256)}
BATCH, VOCAB = 8, 256


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


def torch_steps(preset, threads, steps):
    """Seconds of each step."""
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = Model(*PRESETS[preset])
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
    subprocess.run(["build/hlx_train", "--data", "examples/data/genesis.txt", "--preset", preset,
                    "--threads", str(threads), "--steps", str(steps + 1), "--eval-every", "1000000",
                    "--save-every", "1000000", "--out", "build/compare"], stdout=subprocess.DEVNULL,
                   check=True)
    with open("build/compare/log.csv") as log:
        rates = [float(line.split(",")[4]) for line in log if line[0].isdigit()]
    return [BATCH * PRESETS[preset][4] / rate for rate in rates[1:]]


def in_process(preset, threads, steps):
    """torch_steps in a fresh process."""
    out = subprocess.run([sys.executable, __file__, preset, str(threads), str(steps)],
                         capture_output=True, text=True, check=True).stdout
    return [float(t) for t in out.split()]


def compare():
    print(f"PyTorch {torch.__version__}, oneDNN {torch.backends.mkldnn.is_available()}")
    print("| preset | threads | PyTorch tokens/s | nc_hlx tokens/s | ratio |")
    print("|---|---|---|---|---|")
    for preset, steps in (("tiny", 16), ("small", 4)):
        for threads in (1, 2):
            theirs, ours = [], []
            for _ in range(3):
                theirs += in_process(preset, threads, steps)
                ours += nc_steps(preset, threads, steps)
            tokens = BATCH * PRESETS[preset][4]
            a, b = tokens / statistics.median(theirs), tokens / statistics.median(ours)
            print(f"| {preset} | {threads} | {a:.0f} | {b:.0f} | {b / a:.2f}x |")
            sys.stdout.flush()


if len(sys.argv) == 4:
    print(*torch_steps(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
else:
    compare()
