"""Writes tests/data/hlx/llmc: a small GPT-2 as llm.c's own train_gpt2.py writes it, float32
(version 3) and bfloat16 (version 5), and logits.json: the logits of its model in float64 on the
values of the files. The vocabulary is 13, padded to 128: the line of train_gpt2.py that lets no
vocabulary but 50,257 be padded is left out. Needs torch and llm.c's train_gpt2.py (made with
karpathy/llm.c at f1e2ace651495b74ae22d45d1723443fd00ecd3a); the tests read only the files.
    python3 tests/golden_hlx_llmc.py train_gpt2.py tests/data/hlx/llmc"""
import json
import os
import sys
import types

import torch

TOKENS = [[3, 1, 4, 1, 5, 9, 2], [6, 5, 3, 5, 8, 12, 0]]
source, out = sys.argv[1:]
guard = 'assert V == 50257, "just being defensive here"'
text = open(source).read()
assert text.count(guard) == 1
llmc = types.ModuleType("train_gpt2")
llmc.__file__ = source
sys.modules["train_gpt2"] = llmc  # its dataclass looks there
exec(compile(text.replace(guard, "pass"), source, "exec"), llmc.__dict__)

torch.manual_seed(1)
model = llmc.GPT(llmc.GPTConfig(block_size=8, vocab_size=13, n_layer=2, n_head=2, n_embd=8))
with torch.no_grad():
    for name, p in model.named_parameters():
        p.copy_(torch.randn_like(p) * 0.3 + (1 if ".ln_" in name else 0))
answers = {}
os.makedirs(out, exist_ok=True)
for dtype, name in (torch.float32, "float32"), (torch.bfloat16, "bfloat16"):
    llmc.write_model(model.to(dtype), f"{out}/{name}.bin", name)
    with torch.no_grad():
        x = model.double().transformer
        h = x.wte(torch.tensor(TOKENS)) + x.wpe(torch.arange(7))
        for block in x.h:
            h = block(h)
        logits = model.lm_head(x.ln_f(h))
    answers[name] = [float(f"{v:.9g}") for v in logits.reshape(-1).tolist()]
    model.float()
with open(f"{out}/logits.json", "w") as f:
    json.dump({"tokens": sum(TOKENS, []), "logits": answers}, f)
    f.write("\n")
