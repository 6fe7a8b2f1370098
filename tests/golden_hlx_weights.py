"""Writes tests/data/hlx/gpt2: small GPT-2 models as transformers saves them, and logits.json: their
logits in float64 on the float32 values of the files. Needs torch and transformers; the tests read
only the files.
    python3 tests/golden_hlx_weights.py tests/data/hlx/gpt2"""
import json
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

out = sys.argv[1]
TOKENS = [[3, 1, 4, 1, 5, 9, 2], [6, 5, 3, 5, 8, 12, 0]]
cases = {}


def model(seed, **changes):
    """A model whose every parameter is random, layer norms and biases too."""
    torch.manual_seed(seed)
    config = GPT2Config(vocab_size=13, n_positions=8, n_embd=8, n_layer=2, n_head=2,
                        bos_token_id=0, eos_token_id=0, **changes)
    m = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for name, p in m.named_parameters():
            p.copy_((torch.randn_like(p) * 0.3 + (1 if ".ln_" in name else 0)).float())
    return m


def case(name, m):
    """Logits of what m's values are."""
    wide = GPT2LMHeadModel(m.config).double().eval()
    wide.load_state_dict({k: v.double() for k, v in m.state_dict().items()})
    with torch.no_grad():
        logits = wide(torch.tensor(TOKENS)).logits
    cases[name] = [float(f"{v:.9g}") for v in logits.reshape(-1).tolist()]


def tensors(m):
    return {k: v.clone() for k, v in m.state_dict().items() if k != "lm_head.weight"}


sharded = model(1)
sharded.save_pretrained(f"{out}/sharded", max_shard_size="4KB")
case("sharded", sharded)

untied = model(2, tie_word_embeddings=False)
untied.save_pretrained(f"{out}/untied")
case("untied", untied)

bf16 = model(3).to(torch.bfloat16)
save_file(tensors(bf16), f"{out}/bf16.safetensors", metadata={"format": "pt"})
case("bf16", bf16)

half = model(4).to(torch.float16)
save_file(tensors(half), f"{out}/f16.safetensors", metadata={"format": "pt"})
case("f16", half)

mixed = model(5)
kinds = [torch.float32, torch.bfloat16, torch.float16, torch.float64]
files = {k: v.to(kinds[i % 4]) for i, (k, v) in enumerate(tensors(mixed).items())}
save_file({f"module._orig_mod.{k}": v for k, v in files.items()}, f"{out}/mixed.safetensors")
state = {k: v.float() for k, v in files.items()}
mixed.load_state_dict(state | {"lm_head.weight": state["transformer.wte.weight"]})
case("mixed", mixed)

wide = model(6, layer_norm_epsilon=0.5)
wide.save_pretrained(f"{out}/epsilon")
case("epsilon", wide)

for name in "sharded", "untied", "epsilon":
    os.remove(f"{out}/{name}/generation_config.json")

with open(os.path.join(out, "logits.json"), "w") as f:
    json.dump({"tokens": sum(TOKENS, []), "logits": cases}, f)
    f.write("\n")
