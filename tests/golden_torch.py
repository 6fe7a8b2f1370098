"""Writes tests/data/hlx/torch.json: operations of nc_hlx.h and their gradients as PyTorch computes
them in float64, on float32 inputs. Needs torch; the tests read only the file.
    python3 tests/golden_torch.py tests/data/hlx/torch.json"""
import json
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(2026)
torch.set_default_dtype(torch.float64)
cases = {}


def tensor(*shape, scale=1.0):
    """Random float32 values, held as float64."""
    return (torch.randn(*shape) * scale).float().double().requires_grad_()


def flat(x):
    return [float(f"{v:.9g}") for v in x.detach().reshape(-1).tolist()]


def case(name, inputs, output):
    """Gradients of the sum of output * weight, weight random."""
    weight = tensor(*output.shape)
    (output * weight.detach()).sum().backward()
    cases[name] = {"output": flat(output), "dout": flat(weight)}
    for key, value in inputs.items():
        cases[name][key] = flat(value)
        if value.grad is not None:
            cases[name]["d" + key] = flat(value.grad)


x, w, b, r = tensor(5, 7), tensor(7, 6), tensor(6), tensor(5, 6)
case("linear", {"x": x, "w": w, "bias": b, "residual": r}, x @ w + b + r)
x = tensor(5, 37, scale=2.0)
case("gelu", {"x": x}, F.gelu(x, approximate="tanh"))
x, g, b = tensor(5, 37), tensor(37), tensor(37)
case("layernorm", {"x": x, "gamma": g, "beta": b}, F.layer_norm(x, (37,), g, b, 1e-5))
x = tensor(6, 6, scale=2.0)
mask = torch.full((6, 6), float("-inf")).triu(1)
case("softmax", {"x": x}, F.softmax(x + mask, -1))
x = tensor(6, 11, scale=2.0)
targets = torch.tensor([3, 10, 0, 99, 5, 5])
loss = F.cross_entropy(x, torch.where(targets < 11, targets, -100))
loss.backward()
cases["cross_entropy"] = {"x": flat(x), "targets": targets.tolist(), "loss": loss.item(),
                          "dx": flat(x.grad)}
for causal in (False, True):
    qkv = tensor(2, 37, 3, 2, 4)  # batch, seq, q k v, heads, head size
    q, k, v = (qkv[:, :, i].transpose(1, 2) for i in range(3))
    out = F.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2)
    case("attention_causal" if causal else "attention_full", {"qkv": qkv}, out)

p = tensor(9)
optimiser = torch.optim.AdamW([p], lr=0.01, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1)
cases["adamw"] = {"start": flat(p), "grads": []}
for step in range(3):
    p.grad = tensor(9).detach()
    cases["adamw"]["grads"].append(flat(p.grad))
    optimiser.step()
cases["adamw"]["end"] = flat(p)

# A whole model, in the order of nc_hlx_parameters: two layers, d 8, two heads, vocabulary 11.
V, D, L, H, FF, T, B = 11, 8, 2, 2, 12, 5, 2
shapes = [(V, D), (T, D)] + [(D,), (D,), (D, 3 * D), (3 * D,), (D, D), (D,), (D,), (D,), (D, FF),
                             (FF,), (FF, D), (D,)] * L + [(D,), (D,), (V, D)]
params = [tensor(*s, scale=0.3) for s in shapes]
tokens, labels = torch.randint(0, V, (B, T)), torch.randint(0, V, (B, T))
x = params[0][tokens] + params[1][:T]
mask = torch.full((T, T), float("-inf")).triu(1)
for layer in range(L):
    g1, b1, wq, bq, wp, bp, g2, b2, wf, bf, wo, bo = params[2 + 12 * layer:14 + 12 * layer]
    q, k, v = (F.layer_norm(x, (D,), g1, b1) @ wq + bq).reshape(B, T, 3, H, D // H).unbind(2)
    s = torch.einsum("bihc,bjhc->bhij", q, k) / (D // H) ** 0.5 + mask
    y = torch.einsum("bhij,bjhc->bihc", s.softmax(-1), v).reshape(B, T, D)
    x = x + y @ wp + bp
    y = F.gelu(F.layer_norm(x, (D,), g2, b2) @ wf + bf, approximate="tanh")
    x = x + y @ wo + bo
logits = F.layer_norm(x, (D,), params[-3], params[-2]) @ params[-1].T
loss = F.cross_entropy(logits.reshape(-1, V), labels.reshape(-1))
loss.backward()
cases["model"] = {"parameters": sum((flat(q) for q in params), []),
                  "gradients": sum((flat(q.grad) for q in params), []),
                  "tokens": tokens.reshape(-1).tolist(), "targets": labels.reshape(-1).tolist(),
                  "logits": flat(logits), "loss": loss.item()}
with open(sys.argv[1], "w") as file:
    json.dump({"made_by": f"tests/golden_torch.py, PyTorch {torch.__version__}, float64", **cases},
              file)
    file.write("\n")
