"""Writes tests/data/hlx/llama: small Llama, Mistral and Qwen2 models as transformers saves them, and
answers.json: logits, loss, gradients in the order of nc_hlx.h, and the losses of 20 steps of AdamW
(1e-2, decay 0.1 of matrices), in float64 from the float32 values of the files. Needs torch and
transformers; the tests read only the files.
    python3 tests/golden_hlx_llama.py tests/data/hlx/llama"""
import json
import os
import sys

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config

out = sys.argv[1]
TOKENS = [[3, 1, 4, 1, 5, 9, 2, 6, 10, 12, 0, 7], [6, 5, 3, 5, 8, 12, 0, 11, 4, 2, 2, 9]]
SHAPE = dict(vocab_size=13, hidden_size=8, intermediate_size=10, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=16,
             bos_token_id=0, eos_token_id=0)
SCALED = dict(rope_type="llama3", rope_theta=50.0, factor=8.0, low_freq_factor=1.0,
              high_freq_factor=4.0, original_max_position_embeddings=12)
SIDES = [["input_layernorm.weight"],
         ["self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight"],
         ["self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias"],
         ["self_attn.o_proj.weight"], ["post_attention_layernorm.weight"],
         ["mlp.gate_proj.weight", "mlp.up_proj.weight"], ["mlp.down_proj.weight"]]
answers = {"tokens": [t for row in TOKENS for t in row]}


def gradients(m):
    """In the order of nc_hlx.h: matrices as (inputs, outputs), side by side."""
    p = dict(m.named_parameters())
    lists = ([["model.embed_tokens.weight"]]
             + [[f"model.layers.{i}.{n}" for n in side] for i in range(2) for side in SIDES]
             + [["model.norm.weight"], ["lm_head.weight"]])
    flat = []
    for side in lists:
        there = [p[n].grad.T if "_proj.w" in n else p[n].grad for n in side if n in p]
        if there:
            flat += torch.cat(there, dim=-1).reshape(-1).tolist()
    return flat


def short(values):
    return [float(f"{v:.9g}") for v in values]


def case(name, config, **saving):
    torch.manual_seed(len(answers))
    m = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float()
    with torch.no_grad():
        for key, p in m.named_parameters():
            p.copy_(torch.randn_like(p) * 0.3 + (1 if "norm" in key else 0))
    m.save_pretrained(f"{out}/{name}", **saving)
    os.remove(f"{out}/{name}/generation_config.json")
    m = m.double().eval()
    tokens = torch.tensor(TOKENS)
    decay = [p for p in m.parameters() if p.dim() == 2]
    adamw = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1},
                               {"params": [p for p in m.parameters() if p.dim() == 1],
                                "weight_decay": 0.0}], lr=1e-2)
    losses = []
    for step in range(20):
        logits = m(tokens[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, 13), tokens[:, 1:].reshape(-1))
        adamw.zero_grad()
        loss.backward()
        losses.append(float(loss.detach()))
        if step == 0:
            answers[name] = {"logits": short(logits.detach().reshape(-1).tolist()),
                             "gradients": short(gradients(m))}
        adamw.step()
    answers[name]["losses"] = short(losses)


case("llama", LlamaConfig(**SHAPE, head_dim=6))
case("scaled", LlamaConfig(**SHAPE, head_dim=8, rope_parameters=SCALED, tie_word_embeddings=True))
case("mistral", MistralConfig(**SHAPE, sliding_window=None, rms_norm_eps=1e-5))
case("qwen2", Qwen2Config(**SHAPE), max_shard_size="3KB")
with open(f"{out}/answers.json", "w") as f:
    json.dump(answers, f)
