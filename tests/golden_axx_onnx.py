"""Writes ONNX files to tests/corpus/axx_graph (seeds of the fuzzer, too) and tests/data/axx/onnx.json,
what onnxruntime computes of them, or the words of the refusal:

    python3 tests/golden_axx_onnx.py tests/corpus/axx_graph tests/data/axx/onnx.json

Made with torch 2.15, onnx 1.23, onnxscript 0.7 and onnxruntime 1.32: networks by both of PyTorch's
exporters, the forms of tensors and what must be refused by onnx.helper. Images are the formula of
tests/golden_axx_graph.py."""
import json
import math
import os
import sys
import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

FOLDER, GOLDEN = sys.argv[1:]
os.makedirs(FOLDER, exist_ok=True)
torch.manual_seed(1)
random = np.random.default_rng(1)
cases = []


def formula(t, shape):
    i = np.arange(math.prod(shape), dtype=np.int64)
    x = ((i * 7919 + t * 104729 + 17) % 2003 - 1001) / 1024
    return x.astype(np.float32).reshape(shape)


def keep(name, model, words=None):
    """The file without what says how it was made; its values, or why it is refused."""
    if words is None:
        session = onnxruntime.InferenceSession(model.SerializeToString())
        entry = session.get_inputs()[0]
        sizes = [n if isinstance(n, int) else 2 for n in entry.shape]
        x = formula(999, [2, *sizes[1:]])
        pieces = [x[i : i + 1] for i in range(2)] if sizes[0] == 1 else [x]
        y = np.concatenate([session.run(None, {entry.name: p})[0] for p in pieces])
        case = {"y": [float(f"{v:.9g}") for v in y.flatten()]}
    else:
        case = {"words": words}
    path = os.path.join(FOLDER, name + ".onnx")
    with open(path, "wb") as file:
        file.write(model.SerializeToString())
    cases.append({"name": name, **case})


def export(name, module, shape, old=True, bare=True, **how):
    module.eval()
    x = torch.from_numpy(formula(999, [2, *shape]))
    path = os.path.join(FOLDER, name + ".onnx")
    if old:
        torch.onnx.export(module, (x,), path, dynamo=False, **how)
    else:
        torch.onnx.export(module, (x,), path, verbose=False, external_data=False, **how)
    model = onnx.load(path)
    if bare:
        del model.graph.value_info[:], model.metadata_props[:], model.graph.metadata_props[:]
        for node in model.graph.node:
            del node.metadata_props[:]
            node.doc_string = ""
    keep(name, model)
    right = module(x).detach().numpy().flatten()
    assert np.abs(right - np.array(cases[-1]["y"])).max() < 1e-5 * np.abs(right).max()


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3, 2, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(6)
        self.shortcut = nn.Sequential(nn.Conv2d(4, 6, 1, 2, bias=False), nn.BatchNorm2d(6))
        self.fc = nn.Linear(6, 3)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                nn.init.normal_(m.running_mean, 0, 0.1)
                nn.init.uniform_(m.running_var, 0.5, 1.5)
                nn.init.normal_(m.weight, 1, 0.1)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)) + self.shortcut(x))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Inverted(nn.Module):
    """MobileNet's block, with the activations of its versions."""

    def __init__(self):
        super().__init__()
        self.expand = nn.Conv2d(2, 6, 1)
        self.depthwise = nn.Conv2d(6, 6, 3, 1, 1, groups=6)
        self.reduce, self.gate = nn.Conv2d(6, 2, 1), nn.Conv2d(2, 6, 1)
        self.project = nn.Conv2d(6, 2, 1)
        self.up = nn.ConvTranspose2d(2, 3, 3, 2, 1, 1)
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(3 * 6 * 6, 3)

    def forward(self, x):
        y = F.hardswish(self.depthwise(F.relu6(self.expand(x))))
        s = F.relu(self.reduce(F.adaptive_avg_pool2d(y, 1)))
        y = self.project(y * F.hardsigmoid(self.gate(s)))
        y = F.max_pool2d(F.silu(self.up(x + y)), 3, 2, 1)
        y = torch.cat([F.avg_pool2d(y, 3, 1, 1, count_include_pad=False), 1 - 2 * y / 3 - y], 2)
        return F.softmax(self.fc(self.drop(torch.flatten(y[:, :, 1:7], 1))), -1)


class Attention(nn.Module):
    def __init__(self, fused=False, tanh=False):
        super().__init__()
        self.fused, self.tanh = fused, tanh
        self.proj = nn.Conv2d(2, 6, 3, 3)
        self.token = nn.Parameter(torch.randn(1, 1, 6))
        self.position = nn.Parameter(torch.randn(1, 5, 6))
        self.norm1, self.norm2 = nn.LayerNorm(6), nn.LayerNorm(6)
        self.scale = nn.Parameter(torch.randn(6))
        self.qkv, self.out = nn.Linear(6, 18), nn.Linear(6, 6, bias=False)
        self.fc1, self.fc2, self.head = nn.Linear(6, 9), nn.Linear(9, 6), nn.Linear(6, 3)

    def forward(self, x):
        x = self.proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        n, tokens, width = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(n, tokens, 3, 2, 3).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        if self.fused:
            y = F.scaled_dot_product_attention(q, k, v)
        else:
            y = (q @ k.transpose(-2, -1) * 3**-0.5).softmax(-1) @ v
        x = x + self.scale * self.out(y.transpose(1, 2).reshape(n, tokens, width))
        y = F.gelu(self.fc1(self.norm2(x)), approximate="tanh" if self.tanh else "none")
        x = x + self.fc2(y)
        return self.head(x.mean(1) if self.tanh else x[:, 0])


class Same(nn.Module):
    """Padding as TensorFlow has it, computed of the map's sizes (timm's Conv2dSame)."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, 2)

    def forward(self, x):
        around = []
        for size in (x.shape[3], x.shape[2]):
            size = torch.as_tensor(size)
            every = torch.clamp((torch.ceil(size / 2) - 1) * 2 + 3 - size, min=0).to(torch.int64)
            around += [every // 2, every - every // 2]
        return self.conv(F.pad(x, around))


def weights(name, *shape, form="raw"):
    w = (random.standard_normal(shape) / 2).astype(np.float32)
    if form == "list":
        return helper.make_tensor(name, TensorProto.FLOAT, shape, w.flatten().tolist())
    if form == "half":
        return numpy_helper.from_array(w.astype(np.float16), name)
    return numpy_helper.from_array(w, name)


def integers(name, *values, form="raw"):
    if form == "list":
        return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)
    return numpy_helper.from_array(np.array(values, np.int64), name)


def made(nodes, tensors, shape=("N", 2, 6, 6), opset=18, outputs=("y",), inputs=("x",)):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(i, TensorProto.FLOAT, shape) for i in inputs],
        [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


node = helper.make_node

export("residual", Residual(), [2, 6, 6], dynamic_axes={"x": {0: "N"}}, input_names=["x"])
export("residual_norms", Residual(), [2, 6, 6], opset_version=11, do_constant_folding=False,
       training=torch.onnx.TrainingMode.PRESERVE)
export("residual_export", Residual(), [2, 6, 6], old=False, bare=False)
export("inverted", Inverted(), [2, 6, 6], opset_version=14)
export("inverted_export", Inverted(), [2, 6, 6], old=False,
       dynamic_shapes=({0: torch.export.Dim("N")},))
export("attention", Attention(), [2, 6, 6], input_names=["x"], dynamic_axes={"x": {0: "N"}})
export("attention_pieces", Attention(), [2, 6, 6], opset_version=12, do_constant_folding=False)
export("attention_tanh", Attention(tanh=True), [2, 6, 6], opset_version=16)
export("attention_export", Attention(), [2, 6, 6], old=False)
export("attention_fused", Attention(fused=True), [2, 6, 6], old=False,
       dynamic_shapes=({0: torch.export.Dim("N")},))

keep("forms", made(
    [node("Cast", ["half_v"], ["v"], to=1), node("Cast", ["half_b"], ["b"], to=1),
     node("Conv", ["x", "w", "b"], ["c"], auto_pad="SAME_LOWER", strides=[2, 2], group=2),
     node("Conv", ["c", "v"], ["d"], "second", pads=[0, 1, 2, 0], dilations=[1, 2]),
     node("BatchNormalization", ["d", "s", "s", "s", "var"], ["n"], epsilon=1e-3),
     node("Clip", ["n", "zero"], ["r"]),
     node("ReduceMean", ["r", "axes"], ["m"], keepdims=0),
     node("Transpose", ["m"], ["t"], perm=[0, 2, 1]),
     node("Split", ["t", "sizes"], ["t1", "t2"], axis=1),
     node("Squeeze", ["t1", "one"], ["q"]),
     node("Gemm", ["q", "g", "gb"], ["z"], alpha=0.5, beta=2.0),
     node("Gather", ["t2", "last"], ["u"], axis=1),
     node("MatMul", ["u", "g2"], ["mm"]),
     node("Sub", ["z", "mm"], ["sub"]), node("Div", ["sub", "by"], ["div"]),
     node("Softmax", ["div"], ["y"])],
    [weights("w", 4, 1, 3, 2, form="list"), weights("half_b", 4, form="half"),
     weights("half_v", 3, 4, 2, 2, form="half"), weights("s", 3),
     numpy_helper.from_array(np.array([0.5, 1, 1.5], np.float32), "var"),
     numpy_helper.from_array(np.float32(0), "zero"), integers("axes", -1), integers("one", 1),
     integers("sizes", 1, 3, form="list"),
     weights("g", 3, 4), weights("gb", 1, 4), weights("g2", 3, 4),
     numpy_helper.from_array(np.int64(-1), "last"),
     numpy_helper.from_array(np.array([1, 2, 3, 4], np.float32), "by")]))
keep("one_image", made(
    [node("Reshape", ["x", "to"], ["r"]), node("MatMul", ["r", "w"], ["m"]),
     node("Transpose", ["m"], ["t"], perm=[1, 0, 2]), node("Unsqueeze", ["t", "at"], ["u"]),
     node("Slice", ["u", "from", "until", "axis"], ["s"]), node("Squeeze", ["s"], ["z"]),
     node("Flatten", ["z"], ["f"], axis=0)],
    [integers("to", 1, -1, 6), weights("w", 6, 3), integers("at", 0), integers("from", 2),
     integers("until", 2**63 - 1), integers("axis", 1)], shape=(1, 2, 6, 6), outputs=("f",)))

keep("ceil", made([node("MaxPool", ["x"], ["y"], kernel_shape=[3, 2], strides=[2, 4], ceil_mode=1,
                        pads=[0, 0, 1, 0])], [], shape=(2, 2, 7, 6)))

# What must be refused, and words of why.
relu = node("Relu", ["x"], ["y"], "act")
keep("no_lstm", made([node("LSTM", ["x", "w", "w"], ["y"], "cell", hidden_size=2)],
                     [weights("w", 1, 8, 2)]), "LSTM 'cell': no node of a graph does this")
keep("no_domain", made([node("Relu", ["x"], ["y"], "act", domain="com.ours")], []),
     "Relu 'act': no node of a graph does this (an operator of another domain)")
keep("no_attribute", made([node("Relu", ["x"], ["y"], "act", slope=2)], []),
     "Relu 'act': attribute 'slope' is unknown")
keep("no_version", made([relu], [], opset=6), "operators of version 6, where 7 to 26")
keep("no_height", made([relu], [], shape=("N", 2, "H", 6)),
     "axis 2 of input 'x' is 'H', no size")
keep("no_second_output", made([relu, node("Tanh", ["x"], ["z"])], [], outputs=("y", "z")),
     "2 outputs, where 1 is possible")
keep("no_second_input", made([node("Add", ["x", "z"], ["y"])], [], inputs=("x", "z")),
     "a second input, 'z'")
keep("no_ceil", made([node("AveragePool", ["x"], ["y"], "pool", kernel_shape=[4, 4], strides=[4, 4],
                           ceil_mode=1, count_include_pad=1)], []),
     "AveragePool 'pool': ceil_mode with auto_pad, or with count_include_pad")
keep("no_images_mixed", made([node("Reshape", ["x", "to"], ["y"], "mix")], [integers("to", 6, -1)]),
     "Reshape 'mix': a shape that mixes the images")
keep("no_images_moved", made([node("Transpose", ["x"], ["y"], "turn", perm=[1, 0, 2, 3])], []),
     "output 'y' does not depend on the images, or has them in a later axis")
keep("no_axis", made([node("Softmax", ["x"], ["y"], "soft", axis=1)], []),
     "Softmax 'soft': over another axis than the last")
keep("no_power", made([node("Pow", ["x", "p"], ["y"], "cube")], [weights("p", 1)]),
     "Pow 'cube': no node of a graph does this")
keep("no_shape", made([node("Conv", ["x", "w"], ["y"], "conv")], [weights("w", 4, 3, 3, 3)]),
     "Conv 'conv': 2 channels, and weights of other ones")
keep("no_clip", made([node("Clip", ["x", "a", "b"], ["y"], "cut")],
                     [numpy_helper.from_array(np.float32(v), n) for n, v in (("a", 1), ("b", -1))]),
     "least is 1, not below most, -1")
keep("no_maker", made([node("Relu", ["z"], ["y"], "act")], []),
     "Relu 'act': it takes 'z', which nothing before it makes")
keep("no_line", made([node("Conv", ["x", "w"], ["y"], "conv")], [weights("w", 4, 2, 3)],
                     shape=("N", 2, 6)), "Conv 'conv': an input of 3 axes, where 4 are possible")
external = weights("w", 4, 2, 1, 1)
external.data_location = TensorProto.EXTERNAL
for key, value in (("location", "net.onnx.data"), ("offset", "64"), ("length", "32")):
    external.external_data.add(key=key, value=value)
external_raw = external.raw_data
external.ClearField("raw_data")
keep("external", made([node("Conv", ["x", "w"], ["y"], "conv")], [external]),
     "the weights are in 'net.onnx.data' beside this file")
cases[-1]["external"] = np.frombuffer(external_raw, np.float32).tolist()

# Images as CIFAR-10's, for examples/axx_cifar.c.
keep("cifar", made(
    [node("Conv", ["x", "w", "b"], ["c"], "conv", strides=[4, 4], pads=[1, 1, 1, 1]),
     node("Relu", ["c"], ["r"]), node("GlobalAveragePool", ["r"], ["p"]), node("Flatten", ["p"], ["f"]),
     node("Gemm", ["f", "g", "gb"], ["y"], "head", transB=1)],
    [weights("w", 4, 3, 3, 3), weights("b", 4), weights("g", 10, 4), weights("gb", 10)],
    shape=("N", 3, 32, 32)))

# Bounds, steps, and places around: what a convolution or pool takes as its own, and what is none of
# its. The shortcut is that of CIFAR's ResNets without weights (He et al. 2016, option A).
number = lambda name, value: numpy_helper.from_array(np.float32(value), name)
keep("clip", made([node("Clip", ["x", "a", "b"], ["c"]), node("Clip", ["c", "", "a2"], ["d"]),
                   node("Clip", ["d", "b2"], ["y"])],
                  [number(n, v) for n, v in (("a", -0.75), ("b", 0.5), ("a2", 0.25), ("b2", -0.5))]))
keep("clip_attributes", made([node("Clip", ["x"], ["y"], min=-0.5, max=0.25)], [], opset=10))
keep("pad_conv", made([node("Pad", ["x", "pads"], ["p"]),
                       node("Conv", ["p", "w", "b"], ["y"], "conv", strides=[2, 1], pads=[0, 1, 1, 0])],
                      [integers("pads", 0, 0, 1, 0, 0, 0, 2, 3), weights("w", 4, 2, 3, 3),
                       weights("b", 4)]))
keep("pad_twice", made([node("Pad", ["x", "pads", "zero"], ["p"]),
                        node("Conv", ["p", "w"], ["c"], "conv"),
                        node("MaxPool", ["p"], ["m"], kernel_shape=[3, 3]),
                        node("Add", ["c", "m"], ["y"])],
                       [integers("pads", 0, 0, 1, 1, 0, 0, 1, 1), number("zero", 0),
                        weights("w", 2, 2, 3, 3)]))
keep("pad_pool", made([node("Pad", ["x", "pads", "least"], ["p"]),
                       node("MaxPool", ["p"], ["m"], kernel_shape=[3, 3], strides=[2, 2]),
                       node("Pad", ["m", "pads", "one"], ["q"]),
                       node("AveragePool", ["q"], ["y"], kernel_shape=[2, 2])],
                      [integers("pads", 0, 0, 0, 0, 0, 0, 1, 1), number("least", -np.inf),
                       number("one", 0.5)]))
keep("pad_attributes", made([node("Pad", ["x"], ["y"], pads=[0, 1, 0, 2, 0, 0, 3, 0], value=-0.25)], [],
                            opset=10))
keep("pad_axes", made([node("Pad", ["x", "pads", "", "axes"], ["y"])],
                      [integers("pads", 1, 2), integers("axes", -1)]))
keep("shortcut", made([node("Slice", ["x", "from", "until", "axes", "steps"], ["s"]),
                       node("Pad", ["s", "pads"], ["p"]),
                       node("Conv", ["x", "w"], ["c"], "conv", strides=[2, 2], pads=[1, 1, 1, 1]),
                       node("Add", ["c", "p"], ["y"])],
                      [integers("from", 0, 0), integers("until", 2**63 - 1, 6), integers("axes", 2, 3),
                       integers("steps", 2, 2), integers("pads", 0, 1, 0, 0, 0, 1, 0, 0),
                       weights("w", 4, 2, 3, 3)]))
keep("ceil_mean", made([node("AveragePool", ["x"], ["p"], kernel_shape=[2, 2], strides=[2, 2],
                             ceil_mode=1),
                        node("AveragePool", ["p"], ["y"], kernel_shape=[2, 3], ceil_mode=1,
                             count_include_pad=1)], [], shape=(2, 2, 7, 5)))
export("pad_computed", Same(), [2, 7, 6], opset_version=17, do_constant_folding=False,
       input_names=["x"], dynamic_axes={"x": {0: "N"}})
every = np.arange(144).reshape(2, 8, 9)
keep("gather_all", made([node("Reshape", ["x", "to"], ["f"]), node("Gather", ["f", "all"], ["y"])],
                        [integers("to", -1), numpy_helper.from_array(every, "all")], shape=(2, 2, 6, 6)))
keep("no_gather", made([node("Reshape", ["x", "to"], ["f"]), node("Gather", ["f", "all"], ["y"], "turn")],
                       [integers("to", -1), numpy_helper.from_array(every[:, ::-1], "all")],
                       shape=(2, 2, 6, 6)),
     "Gather 'turn': an index that depends on the images, or of more than one axis")
pads = integers("pads", 0, 0, 1, 1, 0, 0, 1, 1)
keep("no_reflection", made([node("Pad", ["x", "pads"], ["y"], "around", mode="reflect")], [pads]),
     "Pad 'around': mode 'reflect', where 'constant' is possible")
keep("no_infinite_pad", made([node("Pad", ["x", "pads", "least"], ["y"], "around")],
                             [pads, number("least", -np.inf)]), "a term beyond 1e30")
keep("no_more_images", made([node("Pad", ["x", "pads"], ["y"], "around")],
                            [integers("pads", 1, 0, 0, 0, 0, 0, 0, 0)]), "Pad 'around': more images")
keep("no_crop", made([node("Pad", ["x", "pads"], ["y"], "around")],
                     [integers("pads", 0, 0, -1, 0, 0, 0, 0, 0)]), "Pad 'around': pads of -1")
keep("no_step", made([node("Slice", ["x", "from", "until", "axes", "steps"], ["y"], "turn")],
                     [integers("from", 0), integers("until", 2), integers("axes", 1),
                      integers("steps", 2)]), "Slice 'turn': a step other than 1")

with open(GOLDEN, "w") as file:
    by = f"torch {torch.__version__}, onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}"
    file.write('{"made by": "tests/golden_axx_onnx.py, %s", "cases": [\n' % by)
    file.write(",\n".join(json.dumps(c) for c in cases))
    file.write("\n]}\n")
