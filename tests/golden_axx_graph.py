"""Writes tests/data/axx/graphs.json: graphs of nc_axx.h, described as its nodes are, and what PyTorch
computes for them in float64, and in float32 with its quantised and dequantised operands; the same of
the gradients:

    python3 tests/golden_axx_graph.py tests/data/axx/graphs.json

Made with torch 2.x. Weights and images are no data of the file but a formula (`formula`, `tensor`),
which tests/axx_graph.c has too. Shapes of ResNet-20 (He et al., 2016, option B shortcuts) and
MobileNetV2 (Sandler et al., 2018, CIFAR strides, width 0.25) stand for networks as they are."""
import json
import math
import sys
import torch
import torch.nn.functional as F

IMAGES = 2


def formula(t, shape):
    n = math.prod(shape)
    i = torch.arange(n, dtype=torch.int64)
    return (((i * 7919 + t * 104729 + 17) % 2003 - 1001).double() / 1024).reshape(shape)


def tensor(t, ending, shape, norm):
    v = formula(t, shape)
    if ending == "running_var":
        return 1 + v.abs() / 2
    if norm and ending == "weight":
        return 1 + v / 4
    if len(shape) == 1:
        return v / 4
    fan = math.prod(shape[1:])
    steps = 0
    while 4**steps < fan:
        steps += 1
    return v / 2**steps


class Graph:
    """Nodes in order; tensors get their values where the node is made."""

    def __init__(self, shape):
        self.nodes = []
        self.by_batch = False
        self.values = []
        self.tensors = 0
        self.add("input", shape=list(shape), rank=len(shape))

    def add(self, kind, inputs=None, **fields):
        node = {"kind": kind, **fields}
        if inputs is not None:
            node["inputs"] = inputs
        self.nodes.append(node)
        return len(self.nodes) - 1

    def take(self, ending, shape, norm=False):
        value = tensor(self.tensors, ending, shape, norm).to(self.dtype)
        self.tensors += 1
        self.endings.append(ending)
        self.leaves.append(value.requires_grad_(not ending.startswith("running")))
        return value

    def quant(self, x, amax):
        """Straight-through: the gradient is that of the product with the quantised operands."""
        with torch.no_grad():
            scale = torch.tensor(127.0) / amax
            moved = torch.clamp(torch.round(x * scale), -128, 127) / scale - x
        return x + moved

    def operand(self, number, which, x):
        self.amax[number][which] = x.detach().abs().max()
        return self.quant(x, self.known[number][which]) if self.known else x

    def weights(self, w, whole):
        if not self.known:
            return w
        v = w.detach().abs()
        amax = v.max() if whole else v.flatten(1).max(1)[0]
        return self.quant(w, amax if whole else amax.reshape(-1, *[1] * (w.dim() - 1)))

    def run(self, dtype, known=None):
        self.tensors, self.values, self.dtype, self.known, self.leaves = 0, [], dtype, known, []
        self.endings = []
        self.amax = [[None, None] for _ in self.nodes]
        for i, node in enumerate(self.nodes):
            before = node.get("inputs", [i - 1] if i and node["kind"] != "parameter" else [])
            self.values.append(self.one(i, node, [self.values[k] for k in before]))
        return self.values[-1]

    def padded(self, node, x, transposed=False, value=0.0):
        top, left, bottom, right = node.get("padding", [0] * 4)
        same = node.get("same", 0)
        if same:
            pads = []
            for axis in range(2):
                size, kernel = x.shape[2 + axis], node["kernel"][axis]
                stride = node.get("stride", [1, 1])[axis]
                span = node.get("dilation", [1, 1])[axis] * (kernel - 1) + 1
                both = max((-(-size // stride) - 1) * stride + span - size, 0)
                small, large = both // 2, both - both // 2
                pads.append((small, large) if same == 1 else (large, small))
            (top, bottom), (left, right) = pads
        return F.pad(x, (left, right, top, bottom), value=value)

    def one(self, number, n, x):
        kind = n["kind"]
        if kind == "input":
            self.image = formula(999, [IMAGES, *n["shape"]]).to(self.dtype).requires_grad_()
            return self.image
        if kind == "parameter":
            value = self.take("", n["shape"])
            return value.expand(IMAGES, *n["shape"])
        if kind in ("conv2d", "conv2d_transposed"):
            transposed = kind != "conv2d"
            groups, c = n.get("groups", 1), x[0].shape[1]
            shape = [c, n["out"] // groups] if transposed else [n["out"], c // groups]
            w = self.weights(self.take("weight", shape + n["kernel"]), transposed)
            b = None if n.get("no_bias") else self.take("bias", [n["out"]])
            a = self.operand(number, 0, x[0])
            stride, dilation = n.get("stride", [1, 1]), n.get("dilation", [1, 1])
            if not transposed:
                return F.conv2d(self.padded(n, a), w, b, stride, 0, dilation, groups)
            y = F.conv_transpose2d(a, w, None, stride, 0, n.get("output_padding", [0, 0]), groups,
                                   dilation)
            top, left, bottom, right = n.get("padding", [0] * 4)
            y = y[:, :, top : y.shape[2] - bottom, left : y.shape[3] - right]
            return y if b is None else y + b.reshape(-1, 1, 1)
        if kind == "linear":
            w = self.weights(self.take("weight", [n["out"], x[0].shape[-1]]), False)
            b = None if n.get("no_bias") else self.take("bias", [n["out"]])
            return F.linear(self.operand(number, 0, x[0]), w, b)
        if kind == "matmul":
            a, b = self.operand(number, 0, x[0]), self.operand(number, 1, x[1])
            return a @ (b.transpose(-1, -2) if n.get("by_columns") else b) * n.get("factor", 1)
        if kind == "batch_norm":
            c = x[0].shape[1]
            w, b, mean, var = (
                self.take(e, [c], True) for e in ("weight", "bias", "running_mean", "running_var")
            )
            return F.batch_norm(x[0], mean, var, w, b, self.by_batch, 0.1, n.get("eps", 1e-5))
        if kind == "layer_norm":
            c = x[0].shape[-1]
            w, b = self.take("weight", [c], True), self.take("bias", [c], True)
            return F.layer_norm(x[0], [c], w, b, n.get("eps", 1e-5))
        if kind == "max_pool":
            return F.max_pool2d(self.padded(n, x[0], value=-math.inf), n["kernel"],
                                n.get("stride", n["kernel"]))
        if kind == "mean_pool":
            stride = n.get("stride", n["kernel"])
            y = F.avg_pool2d(self.padded(n, x[0]), n["kernel"], stride)
            if n.get("exclude_padding"):
                y = y / F.avg_pool2d(self.padded(n, torch.ones_like(x[0])), n["kernel"], stride)
            return y
        if kind == "global_mean_pool":
            return x[0].mean((2, 3), keepdim=True)
        if kind == "concat":
            return torch.cat(x, 1 + n.get("axis", 0))
        if kind == "reshape":
            return x[0].reshape(IMAGES, *n["shape"])
        if kind == "permute":
            return x[0].permute(0, *[1 + i for i in n["shape"]])
        if kind == "slice":
            return x[0].narrow(1 + n.get("axis", 0), n.get("first", 0), n["out"])
        if kind == "pad":
            axis, most = 1 + n.get("axis", 0), x[0].dim()
            ends = n["out"] - n.get("first", 0) - x[0].shape[axis]
            sides = [0, 0] * (most - axis - 1) + [n.get("first", 0), ends]
            return F.pad(x[0], sides, value=n.get("term", 0))
        if kind == "clip":
            return torch.clamp(x[0], n["least"], n["most"])
        if kind == "scale":
            return x[0] * n.get("factor", 1) + n.get("term", 0)
        if kind in ("add", "multiply"):
            rank = max(len(v.shape) for v in x)
            a, b = (v.reshape(IMAGES, *[1] * (rank - v.dim()), *v.shape[1:]) for v in x)
            return a + b if kind == "add" else a * b
        return {
            "relu": F.relu,
            "relu6": F.relu6,
            "silu": F.silu,
            "gelu": F.gelu,
            "gelu_tanh": lambda v: F.gelu(v, approximate="tanh"),
            "softmax": lambda v: F.softmax(v, -1),
            "flatten": lambda v: v.flatten(1),
            "sigmoid": torch.sigmoid,
            "hard_sigmoid": F.hardsigmoid,
            "hard_swish": F.hardswish,
            "tanh": torch.tanh,
        }[kind](*x)


def conv_bn(g, out, kernel=3, stride=1, groups=1, act="relu", inputs=None):
    side = kernel // 2
    at = g.add("conv2d", inputs, out=out, kernel=[kernel] * 2, stride=[stride] * 2, groups=groups,
               padding=[side] * 4, no_bias=1)
    at = g.add("batch_norm", [at])
    return g.add(act, [at]) if act else at


def resnet20():
    g = Graph([3, 32, 32])
    at = conv_bn(g, 16)
    for stage, width in enumerate((16, 32, 64)):
        for block in range(3):
            stride = 2 if stage and not block else 1
            y = conv_bn(g, width, stride=stride, inputs=[at])
            y = conv_bn(g, width, act=None, inputs=[y])
            if stride == 2:
                at = conv_bn(g, width, 1, 2, act=None, inputs=[at])
            at = g.add("relu", [g.add("add", [y, at])])
    g.add("global_mean_pool")
    g.add("flatten")
    g.add("linear", out=10)
    return g


def mobilenet_v2():
    g = Graph([3, 32, 32])
    width = lambda c: max(8, int(c * 0.25 + 4) // 8 * 8)
    last = width(32)
    at = conv_bn(g, last, act="relu6")
    for t, c, n, s in ((1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                       (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(n):
            stride, out, y = s if i == 0 else 1, width(c), at
            if t > 1:
                y = conv_bn(g, last * t, 1, act="relu6", inputs=[y])
            y = conv_bn(g, last * t, 3, stride, last * t, act="relu6", inputs=[y])
            y = conv_bn(g, out, 1, act=None, inputs=[y])
            at = g.add("add", [y, at]) if stride == 1 and out == last else y
            last = out
    at = conv_bn(g, 320, 1, act="relu6", inputs=[at])
    g.add("global_mean_pool")
    g.add("flatten")
    g.add("linear", out=10)
    return g


def attention():
    g = Graph([3, 8, 8])
    g.add("conv2d", out=12, kernel=[4, 4], stride=[4, 4])
    g.add("reshape", rank=2, shape=[12, 4])
    tokens = g.add("permute", rank=2, shape=[1, 0])
    token = g.add("parameter", [], name="cls_token", rank=2, shape=[1, 12])
    all_tokens = g.add("concat", [token, tokens], axis=0)
    place = g.add("parameter", [], name="pos_embed", rank=2, shape=[5, 12])
    x = g.add("add", [all_tokens, place])
    norm = g.add("layer_norm", [x], eps=1e-6)
    heads = []
    for _ in range(3):
        one = g.add("linear", [norm], out=12)
        one = g.add("reshape", [one], rank=3, shape=[5, 3, 4])
        heads.append(g.add("permute", [one], rank=3, shape=[1, 0, 2]))
    scores = g.add("matmul", heads[:2], by_columns=1, factor=0.5)
    scores = g.add("softmax", [scores])
    y = g.add("matmul", [scores, heads[2]])
    y = g.add("permute", [y], rank=3, shape=[1, 0, 2])
    y = g.add("reshape", [y], rank=2, shape=[5, 12])
    y = g.add("linear", [y], out=12)
    x = g.add("add", [y, x])
    g.add("layer_norm", [x])
    g.add("linear", out=20)
    g.add("gelu")
    y = g.add("linear", out=12)
    g.add("add", [y, x])
    g.add("flatten")
    g.add("linear", out=3, no_bias=1)
    return g


def single(image, kind, **fields):
    g = Graph(image)
    g.add(kind, **fields)
    return g


def branches():
    """Values that live long beside such that do not; two inputs of one node alike."""
    g = Graph([2, 5, 6])
    a = g.add("conv2d", out=4, kernel=[1, 1])
    b = g.add("relu", [a])
    c = g.add("conv2d", [b], out=4, kernel=[3, 3], padding=[1] * 4, groups=4)
    c = g.add("silu", [c])
    d = g.add("add", [c, c])
    e = g.add("flatten", [a])
    f = g.add("reshape", [e], rank=3, shape=[4, 5, 6])
    g.add("concat", [d, b, f], axis=0)
    g.add("batch_norm")
    return g


def transposed_norm():
    g = Graph([4, 3, 3])
    g.add("conv2d_transposed", out=6, kernel=[2, 2], stride=[2, 2], groups=2)
    g.add("batch_norm")
    g.add("flatten")
    g.add("linear", out=5)
    g.add("batch_norm", eps=1e-3)
    return g


def beyond_six():
    g = Graph([4, 20])
    g.add("matmul", [0, 0], by_columns=1, factor=2)
    g.add("relu6")
    return g


def gated():
    """A block as MobileNetV3 has it: channels weighed by what their means say."""
    g = Graph([6, 5, 4])
    x = g.add("scale", factor=5.0, term=0.25)
    g.add("global_mean_pool")
    g.add("conv2d", out=2, kernel=[1, 1])
    g.add("relu")
    g.add("conv2d", out=6, kernel=[1, 1])
    gate = g.add("hard_sigmoid")
    y = g.add("multiply", [gate, x])
    y = g.add("hard_swish", [y])
    left = g.add("slice", [y], axis=0, first=1, out=3)
    row = g.add("slice", [y], axis=1, first=4, out=1)
    row = g.add("slice", [row], axis=0, first=0, out=3)
    y = g.add("multiply", [left, row])
    line = g.add("parameter", [], name="line", rank=1, shape=[4])
    y = g.add("add", [line, y])
    g.add("sigmoid", [y])
    y = g.add("multiply", [y, g.add("slice", axis=2, first=2, out=1)])
    g.add("add", [y, y])
    return g


CASES = {
    "conv2d": single([3, 7, 6], "conv2d", out=5, kernel=[3, 2], stride=[2, 1], dilation=[1, 2],
                     padding=[1, 2, 1, 2]),
    "conv2d_asymmetric": single([3, 8, 7], "conv2d", out=4, kernel=[3, 4], padding=[0, 2, 1, 1],
                                stride=[1, 2]),
    "conv2d_same_upper": single([2, 8, 7], "conv2d", out=3, kernel=[3, 4], stride=[2, 2], same=1),
    "conv2d_same_lower": single([2, 8, 7], "conv2d", out=3, kernel=[3, 4], stride=[2, 2], same=2),
    "conv2d_groups": single([6, 5, 5], "conv2d", out=9, kernel=[3, 3], groups=3, no_bias=1),
    "conv2d_depthwise": single([6, 7, 5], "conv2d", out=6, kernel=[3, 3], groups=6,
                               padding=[1] * 4, stride=[2, 1]),
    "conv2d_multiplied": single([3, 7, 5], "conv2d", out=6, kernel=[5, 5], groups=3, same=1),
    "conv2d_pointwise": single([6, 3, 4], "conv2d", out=7, kernel=[1, 1]),
    "conv2d_transposed": single([4, 3, 5], "conv2d_transposed", out=6, kernel=[3, 2],
                                stride=[2, 3], groups=2, padding=[1, 0, 1, 0],
                                output_padding=[1, 0]),
    "conv2d_transposed_asymmetric": single([2, 4, 4], "conv2d_transposed", out=3, kernel=[4, 4],
                                           stride=[2, 2], padding=[0, 1, 2, 1]),
    "linear": single([3, 4, 10], "linear", out=7),
    "batch_norm": single([5, 3, 4], "batch_norm", eps=1e-3),
    "batch_norm_one_axis": single([9], "batch_norm"),
    "layer_norm": single([3, 11], "layer_norm", eps=1e-6),
    "softmax": single([2, 3, 9], "softmax"),
    "relu": single([40], "relu"),
    "relu6": beyond_six(),
    "silu": single([40], "silu"),
    "gelu": single([40], "gelu"),
    "gelu_tanh": single([40], "gelu_tanh"),
    "max_pool": single([2, 7, 6], "max_pool", kernel=[3, 2], stride=[2, 1], padding=[1, 1, 0, 0]),
    "max_pool_same": single([2, 7, 6], "max_pool", kernel=[3, 3], stride=[2, 2], same=1),
    "mean_pool": single([2, 7, 6], "mean_pool", kernel=[3, 3], padding=[1] * 4, stride=[2, 2]),
    "mean_pool_excluding": single([2, 7, 6], "mean_pool", kernel=[3, 3], padding=[1, 1, 2, 0],
                                  stride=[2, 2], exclude_padding=1),
    "mean_pool_whole": single([2, 6, 6], "mean_pool", kernel=[2, 3]),
    "global_mean_pool": single([5, 9, 8], "global_mean_pool"),
    "permute": single([2, 3, 4, 5], "permute", rank=4, shape=[2, 0, 3, 1]),
    "branches": branches(),
    "transposed_norm": transposed_norm(),
    "attention": attention(),
    "gated": gated(),
    "sigmoid": single([40], "sigmoid"),
    "hard_sigmoid": single([40], "hard_sigmoid"),
    "tanh": single([40], "tanh"),
    "slice": single([3, 4, 5], "slice", axis=1, first=1, out=2),
    "clip": single([40], "clip", least=-0.25, most=0.5),
    "pad": single([3, 4, 5], "pad", axis=1, first=2, out=7, term=0.25),
    "pad_last": single([6], "pad", out=8),
    "resnet20": resnet20(),
    "mobilenet_v2": mobilenet_v2(),
}

def shortly(values):
    return [float(f"{v:.9g}") for v in values]


def gradients(g, y):
    """Of sum(y * formula(998)), for the images and every tensor: its product with formula(500 + t),
    and its norm."""
    (y * formula(998, list(y.shape)).to(y.dtype)).sum().backward()
    pairs = []
    for t, leaf in enumerate([g.image] + g.leaves):
        d = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
        pairs.append((d * formula(500 + t, list(d.shape))).sum().item())
        pairs.append(d.double().norm().item())
    return shortly(pairs)


def conv_net():
    g = Graph([2, 6, 5])
    at = conv_bn(g, 4, act="relu6")
    y = conv_bn(g, 4, groups=4, inputs=[at])
    g.add("add", [y, at])
    conv_bn(g, 6, stride=2, act="silu")
    g.add("global_mean_pool")
    g.add("flatten")
    g.add("linear", out=3)
    return g


TRAININGS = {
    "sgd": dict(sgd=1, lr=0.125, momentum=0.75, weight_decay=0.0625),
    "sgd clipped": dict(sgd=1, lr=0.125, clip_norm=0.5),
    "adamw": dict(lr=0.0078125, weight_decay=0.0625),
    "batch": dict(sgd=1, lr=0.125, by_batch=1),
    "batch adamw": dict(lr=0.0078125, by_batch=1, clip_norm=0.25),
    "fake": dict(sgd=1, lr=0.03125, fake=1),
}


def train(how):
    """Four steps on two images of labels 2 and 0; the parameters as compare_gradient takes them."""
    g = conv_net()
    dtype = torch.float32 if how.get("fake") else torch.float64
    g.run(dtype)
    known = g.amax if how.get("fake") else None
    g.run(dtype, known)
    kept, endings = [leaf.detach() for leaf in g.leaves], list(g.endings)
    first, second, labels = {}, {}, torch.tensor([2, 0])
    take = g.take
    for step in range(1, 5):
        values = iter(kept)

        def again(ending, shape, norm=False):
            take(ending, shape, norm)
            g.leaves[-1] = next(values).clone().requires_grad_(not ending.startswith("running"))
            return g.leaves[-1]

        g.take, g.by_batch = again, bool(how.get("by_batch"))
        F.cross_entropy(g.run(dtype, known), labels).backward()
        grads = [w.grad if w.grad is not None else torch.zeros_like(w) for w in g.leaves]
        norm = torch.cat([d.flatten() for d in grads]).norm()
        if how.get("clip_norm") and norm > how["clip_norm"]:
            grads = [d * (how["clip_norm"] / norm) for d in grads]
        for i, d in enumerate(grads):
            w, lr = g.leaves[i].detach(), how["lr"]
            decay = how.get("weight_decay", 0) if w.dim() > 1 else 0
            if endings[i].startswith("running"):
                kept[i] = w
            elif how.get("sgd"):
                first[i] = how.get("momentum", 0.9) * first.get(i, 0) + d + decay * w
                kept[i] = w - lr * first[i]
            else:
                first[i] = 0.9 * first.get(i, 0) + 0.1 * d
                second[i] = 0.999 * second.get(i, 0) + 0.001 * d * d
                m, v = first[i] / (1 - 0.9**step), second[i] / (1 - 0.999**step)
                kept[i] = w - lr * (m / (v.sqrt() + 1e-8) + decay * w)
    pairs = []
    for t, w in enumerate(kept):
        pairs.append((w * formula(500 + t, list(w.shape)).to(dtype)).sum().item())
        pairs.append(w.double().norm().item())
    return shortly(pairs)


cases = []
for name, g in CASES.items():
    y = g.run(torch.float64)
    case = {"name": name, "nodes": g.nodes, "shape": list(y.shape[1:]),
            "y": shortly(y.flatten().tolist()), "gradients": gradients(g, y)}
    g.run(torch.float32)
    if any(one is not None for two in g.amax for one in two):
        y = g.run(torch.float32, g.amax)
        case["fake"] = shortly(y.flatten().tolist())
        case["fake_gradients"] = gradients(g, y)
    cases.append(case)
with open(sys.argv[1], "w") as file:
    made = f"tests/golden_axx_graph.py, torch {torch.__version__}"
    file.write('{"made by": "%s", "cases": [\n' % made)
    file.write(",\n".join(json.dumps(c) for c in cases))
    trained = [{"name": name, "how": how, "nodes": conv_net().nodes, "parameters": train(how)}
               for name, how in TRAININGS.items()]
    file.write('\n], "trainings": [\n')
    file.write(",\n".join(json.dumps(c) for c in trained))
    file.write("\n]}\n")
