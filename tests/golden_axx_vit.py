"""Writes tests/data/axx/vit: vision transformers of timm 1.0.31 (torch 2.15.0), their options as
timm has them, shrunk to a few tokens with random weights, as safetensors in float32, float16, bfloat16
and float64; and answers.json: for each the fields of nc_axx_net_config, the logits of two images and
two sums over the gradient of every tensor, in float64 from the values of the files. In rotary/ lie
files of timm's class Eva; mixed.json has the logits of a network whose layers multiply in different
ways, swin.json those and gradients of Swin transformers. Needs timm, torch
and safetensors; the tests read only the files.
    python3 tests/golden_axx_vit.py tests/data/axx/vit
With --all and another folder: every vision transformer that timm lists, those that nc_axx.h does not
have with "refused" in place of logits."""
import json
import os
import sys
from fnmatch import fnmatchcase

import numpy as np
import timm
import torch
from safetensors.torch import save_file
from timm.layers import Attention, GluMlp, Mlp, PatchEmbed, SwiGLU
from timm.models.deit import VisionTransformerDistilled
from timm.models.swin_transformer import SwinTransformer
from timm.models.vision_transformer import Block, ResPostBlock, VisionTransformer

# of every option one, and those that are asked for most
VARIANTS = """vit_tiny_patch16_224 vit_small_patch8_224 vit_base_patch32_224 vit_base_patch16_gap_224
vit_large_patch14_clip_quickgelu_224 vit_base_patch16_clip_224 vit_base_patch16_rpn_224
vit_base_patch16_siglip_gap_224 vit_medium_patch16_reg4_gap_256
vit_base_patch14_dinov2 vit_small_patch14_reg4_dinov2 vit_giant_patch14_reg4_dinov2
vit_huge_patch14_gap_224 vit_intern300m_patch14_448 deit_tiny_patch16_224
deit_tiny_distilled_patch16_224 deit3_small_patch16_224 flexivit_small""".split()


# of timm's class Eva, which turns Q and K by their places: to be refused. The first has no tensor
# that a VisionTransformer has not
ROTARY = """vit_pe_spatial_tiny_patch16_512 vit_small_patch16_rope_mixed_ape_224
vit_medium_patch16_rope_reg1_gap_256 vit_small_patch16_dinov3 eva02_tiny_patch14_224
eva02_base_patch14_224""".split()


class WideHeads(Attention):
    """Heads that are no part of the width."""

    def __init__(self, *args, **options):
        super().__init__(*args, **dict(options, attn_head_dim=5))


# what no listed network has, but the class allows
OTHERS = {
    "head_dim": dict(attn_layer=WideHeads, qkv_bias=False, class_token=True,
                     global_pool="avg", reg_tokens=2),
    "qk_norm": dict(qk_norm=True, pre_norm=True, fc_norm=True, norm_layer="layernorm"),
    "swiglu": dict(mlp_layer=SwiGLU, act_layer="silu", init_values=1.0),
    "silu": dict(act_layer="silu", proj_bias=False, class_token=False, global_pool="avg"),
}
TYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
IMAGES, CLASSES = 2, 5


def shrink(name):
    """The network with timm's options and four or six patches of an image that is no square."""
    full = timm.create_model(name, num_classes=CLASSES, depth=1, embed_dim=6, num_heads=1)
    patch = full.patch_embed.patch_size[0]
    size = dict(img_size=(2 * patch, 3 * patch), depth=1 + (patch < 16), embed_dim=6, num_heads=2,
                in_chans=1 + (patch < 14), num_classes=CLASSES)
    return timm.create_model(name, **size)


def config(m):
    """nc_axx_net_config without the zeros; AssertionError names what it cannot say."""
    b = m.blocks[0]
    kinds = [type(m), type(b), type(b.attn), type(b.mlp), type(b.norm1)]
    assert kinds[0] in (VisionTransformer, VisionTransformerDistilled), kinds[0]
    assert kinds[1] in (Block, ResPostBlock) and kinds[2] in (Attention, WideHeads), kinds
    assert kinds[3] in (Mlp, GluMlp, SwiGLU) and issubclass(kinds[4], torch.nn.LayerNorm), kinds
    assert type(m.patch_embed) is PatchEmbed, type(m.patch_embed)
    assert m.pos_embed is not None and m.attn_pool is None, "positions and pool"
    assert m.global_pool in ("token", "avg") and not m.pool_include_prefix, m.global_pool
    inside = [type(x) for x in (b.attn.norm, b.mlp.norm)]
    assert inside == [torch.nn.Identity] * 2 and b.attn.gate is None, "norms or gates inside"
    assert not (kinds[3] is GluMlp and b.mlp.gate_last), "gate last"
    act = type(b.mlp.act).__name__
    if act == "GELU" and getattr(b.mlp.act, "approximate", "none") == "tanh":
        act = "GELUTanh"
    patch, there = m.patch_embed, torch.nn.LayerNorm
    norms = [x for x in m.modules() if isinstance(x, torch.nn.LayerNorm)]
    assert len({x.eps for x in norms}) == 1, "eps"
    fields = dict(
        image=patch.img_size[0], width=patch.img_size[1], channels=patch.proj.in_channels,
        classes=CLASSES, dim=m.embed_dim, depth=len(m.blocks), patch=patch.patch_size[0],
        heads=b.attn.num_heads, mlp=b.mlp.fc2.in_features,
        mean_pool=0 if m.global_pool == "token" else 2 if m.has_class_token else 1,
        activation=["GELU", "GELUTanh", "QuickGELU", "SiLU"].index(act),
        head_dim=b.attn.head_dim, eps=norms[0].eps, no_qkv_bias=b.attn.qkv.bias is None,
        no_proj_bias=b.attn.proj.bias is None, post_norm=kinds[1] is ResPostBlock,
        qk_norm=isinstance(b.attn.q_norm, there), layer_scale=hasattr(b, "ls1") and
        hasattr(b.ls1, "gamma"), gated=[Mlp, GluMlp, SwiGLU].index(kinds[3]),
        registers=m.num_reg_tokens, patch_positions=m.no_embed_class,
        pre_norm=isinstance(m.norm_pre, there),
        fc_norm=0 if isinstance(m.norm, there) else 1 if isinstance(m.fc_norm, there) else 2,
        distilled=kinds[0] is VisionTransformerDistilled)
    return {k: int(v) if k != "eps" else v for k, v in fields.items() if v}


def fill(m, seed, dtype):
    """Random weights that let every part be seen, then rounded to the file's type."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, p in m.named_parameters():
            p.normal_(0, 0.4 if p.dim() > 1 else 0.2)
            if name.endswith("gamma") or (p.dim() == 1 and name.endswith("weight")):
                p += 1
            p.copy_(p.to(dtype))
    return {k: v.to(dtype).clone() for k, v in m.state_dict().items()}


def pixels(m):
    n = IMAGES * m.patch_embed.proj.in_channels * int(np.prod(m.patch_embed.img_size))
    k = (np.arange(n) * 7919 + 13) % 2001
    x = k.astype(np.float32) / np.float32(1000) - np.float32(1)
    return torch.from_numpy(x).double().reshape(IMAGES, -1, *m.patch_embed.img_size)


def sums(g):
    """A sum with weights -8 to 8 and the sum of its magnitudes."""
    g = g.reshape(-1).numpy()
    t = g * ((np.arange(g.size) * 7919) % 17 - 8)
    return [float(f"{t.sum():.9g}"), float(f"{np.abs(t).sum():.9g}")]


def case(out, answers, name, m):
    dtype = TYPES[len(answers) % len(TYPES)]
    save_file(fill(m, len(answers), dtype), os.path.join(out, name + ".safetensors"))
    try:
        fields = config(m)
    except (AssertionError, AttributeError, ValueError) as why:
        answers[name] = dict(refused=str(why))
        return
    m = m.double().eval()
    y = m(pixels(m))
    torch.nn.functional.cross_entropy(y, torch.tensor([1, CLASSES - 1])).backward()
    answers[name] = dict(config=fields, logits=[float(f"{v:.9g}") for v in y.reshape(-1).tolist()],
                         gradients={k: sums(p.grad) for k, p in m.named_parameters()})


# how the layers of one network multiply: pattern, mode, bits, per_tensor, weight_percent, in the
# order of nc_axx_net_set's calls; its integers are exact, so both modes have the same values
MIXED = [["*", "integer", 8, 0, 0], ["patch_embed", "float", 8, 0, 0], ["head", "float", 8, 0, 0],
         ["*.qk", "float", 8, 0, 0], ["blocks.0.pv", "fake", 6, 0, 0],
         ["blocks.*.mlp.fc1", "integer", 5, 1, 0], ["blocks.1.proj", "integer", 8, 0, 85],
         ["blocks.?.fc2", "fake", 7, 1, 99]]


def percentile(w, percent):
    """The edge that nc_axx_calibrator_amax finds among 2,048 bins up to a power of two."""
    a = np.abs(w.astype(np.float32)).reshape(-1)
    top = np.frexp(a.max())[1]
    bins = np.bincount((a * np.float32(2.0 ** (11 - top))).astype(np.int64), minlength=2048)
    kept = int(np.argmax(np.cumsum(bins) >= percent / 100 * a.size)) + 1
    return min(np.float32(kept / 2048 * 2.0 ** top), a.max())


def coded(x, amax, bits):
    """Quantised and back, in float64."""
    top = 2 ** (bits - 1) - 1
    scale = np.float64(np.float32(top) / np.float32(amax))
    return torch.clamp(torch.round(x * scale), -top - 1, top) / scale


def coded_weights(w, bits, per_tensor, percent):
    rows = w.reshape(1 if per_tensor else w.shape[0], -1)
    most = [percentile(r.numpy(), percent) if percent else r.abs().max().item() for r in rows]
    return torch.stack([coded(r, a, bits) for r, a in zip(rows, most)]).reshape(w.shape)


class Mixed:
    """A VisionTransformer whose layers multiply as MIXED says, by the names of nc_axx.h."""

    def __init__(self, m):
        self.m, self.seen, self.how = m, {}, None

    def options(self, name, tensor):
        fit = [o for o in MIXED if fnmatchcase(name, o[0]) or fnmatchcase(tensor, o[0])]
        return fit[-1][1:]

    def operand(self, name, which, x, how):
        if self.how is None:
            self.seen[name, which] = x.abs().max().item()
        return x if self.how is None or how[0] == "float" else coded(x, self.seen[name, which], how[1])

    def linear(self, name, tensor, layer, x):
        how, w = self.options(name, tensor), layer.weight.reshape(layer.weight.shape[0], -1)
        x = self.operand(name, 0, x, how)
        if self.how is not None and how[0] != "float":
            w = coded_weights(w, *how[1:])
        return x @ w.T + layer.bias

    def product(self, name, a, b):
        how = self.options(name, name)
        return self.operand(name, 0, a, how) @ self.operand(name, 1, b, how)

    def block(self, at, b, x):
        n, t, dim = x.shape
        a = b.attn
        qkv = self.linear(at + "qkv", at + "attn.qkv", a.qkv, b.norm1(x))
        q, k, v = qkv.reshape(n, t, 3, a.num_heads, -1).permute(2, 0, 3, 1, 4)
        p = self.product(at + "qk", q * a.scale, k.transpose(-2, -1)).softmax(-1)
        y = self.product(at + "pv", p, v).transpose(1, 2).reshape(n, t, dim)
        x = x + self.linear(at + "proj", at + "attn.proj", a.proj, y)
        y = self.linear(at + "fc1", at + "mlp.fc1", b.mlp.fc1, b.norm2(x))
        return x + self.linear(at + "fc2", at + "mlp.fc2", b.mlp.fc2, b.mlp.act(y))

    def run(self, x, how):
        self.how, m, patch = how, self.m, self.m.patch_embed.patch_size[0]
        n = x.shape[0]
        cut = torch.nn.functional.unfold(x, patch, stride=patch).transpose(1, 2)
        x = self.linear("patch_embed", "patch_embed.proj", m.patch_embed.proj, cut)
        x = torch.cat([m.cls_token.expand(n, -1, -1), x], 1) + m.pos_embed
        for i, b in enumerate(m.blocks):
            x = self.block(f"blocks.{i}.", b, x)
        return self.linear("head", "head", m.head, m.norm(x)[:, 0])


def mixed(out):
    m = VisionTransformer(img_size=(8, 12), patch_size=4, in_chans=2, num_classes=CLASSES,
                          embed_dim=8, depth=2, num_heads=2, mlp_ratio=2)
    save_file(fill(m, 4, torch.float32), os.path.join(out, "mixed.safetensors"))
    fields, m = config(m), m.double().eval()
    of, x = Mixed(m), pixels(m)
    with torch.no_grad():
        y = of.run(x, None)
        assert (y - m(x)).abs().max() < 1e-12, "another network"
        z = of.run(x, MIXED)
    with open(os.path.join(out, "mixed.json"), "w") as f:
        json.dump(dict(config=fields, options=MIXED, float=y.reshape(-1).tolist(),
                       logits=z.reshape(-1).tolist()), f, indent=1)


def swin(out):
    """A Swin transformer of two stages, one with shifted windows, and one of a single window."""
    answers = {}
    for name, options in {
            "swin_shifted": dict(img_size=24, patch_size=2, window_size=3, depths=(2, 2),
                                 num_heads=(2, 1)),
            "swin_window": dict(img_size=16, patch_size=4, window_size=4, depths=(1,),
                                num_heads=(3,))}.items():
        m = SwinTransformer(in_chans=2, num_classes=CLASSES, embed_dim=6, mlp_ratio=2, **options)
        save_file(fill(m, 7, torch.float32), os.path.join(out, name + ".safetensors"))
        m = m.double().eval()
        y = m(pixels(m))
        torch.nn.functional.cross_entropy(y, torch.tensor([1, CLASSES - 1])).backward()
        answers[name] = dict(
            image=options["img_size"], logits=[float(f"{v:.9g}") for v in y.reshape(-1).tolist()],
            gradients={k: sums(p.grad) for k, p in m.named_parameters() if "table" not in k},
            tables={k: float(f"{p.grad.sum():.9g}") for k, p in m.named_parameters()
                    if "table" in k})
    with open(os.path.join(out, "swin.json"), "w") as f:
        json.dump(answers, f, indent=1)


def main():
    out, answers, every = sys.argv[-1], {}, "--all" in sys.argv
    os.makedirs(out, exist_ok=True)
    listed = [n for n in timm.list_models() if n.startswith(("vit_", "deit", "flexivit", "beit", "eva"))]
    for name in listed if every else VARIANTS:
        try:
            m = shrink(name)
        except (AssertionError, TypeError, RuntimeError, ValueError) as why:
            print(f"{name}: cannot be shrunk: {str(why)[:100]}")
            continue
        case(out, answers, name, m)
    for name, options in OTHERS.items():
        m = VisionTransformer(img_size=(8, 12), patch_size=4, in_chans=2, num_classes=CLASSES,
                              embed_dim=6, depth=2, num_heads=2, mlp_ratio=2, **options)
        case(out, answers, name, m)
    mixed(out)
    swin(out)
    os.makedirs(os.path.join(out, "rotary"), exist_ok=True)
    torch.manual_seed(0)
    for name in ROTARY:
        m = timm.create_model(name, num_classes=CLASSES, depth=1, embed_dim=8, num_heads=2,
                              img_size=32)
        state = {k: v.to(torch.bfloat16) for k, v in m.state_dict().items()}
        save_file(state, os.path.join(out, "rotary", name + ".safetensors"))
    with open(os.path.join(out, "answers.json"), "w") as f:
        json.dump(answers, f, indent=1)
    print(f"{len(answers)} networks, {sum('refused' in a for a in answers.values())} without logits")


main()
