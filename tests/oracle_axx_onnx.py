"""Networks of torchvision and timm, random weights and norms that have seen images, exported to ONNX by
torch.onnx and read by nc_axx.h: a table of how many nodes file and graph have, how many million
multiply-accumulates an image takes, and how far the values of two images are from onnxruntime's, and
both from PyTorch's in float64, of the largest value; or why the file is refused. Not a part of make test;
needs torch, torchvision, timm, onnx, onnxruntime, onnxscript and a C compiler:
    python3 tests/oracle_axx_onnx.py [--new] [NAME ...]
--new: exported by torch.export, not by tracing. Names of torchvision's are bare, of timm's begin with
timm/. Returns 1 where values are not finite, or more than 1e-5 from float64's and twice as far as
onnxruntime's."""
import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime
import timm
import torch
import torchvision

HERE = os.path.dirname(os.path.abspath(__file__))
LISTED = """squeezenet1_1 googlenet inception_v3 mnasnet1_0 shufflenet_v2_x1_0 regnet_x_400mf regnet_y_400mf
efficientnet_b0 efficientnet_v2_s convnext_tiny densenet121 resnet18 resnext50_32x4d mobilenet_v2
mobilenet_v3_small mobilenet_v3_large vit_b_32 timm/mixer_s32_224 timm/resmlp_12_224
timm/deit_tiny_patch16_224 timm/vit_small_resnet26d_224 timm/vit_base_r50_s16_224 timm/resnet26d
timm/tf_efficientnet_b0 timm/repvgg_a0 timm/ghostnet_100 timm/convmixer_768_32 timm/mobileone_s0
timm/xception41 timm/poolformer_s12 timm/mobilevit_xxs timm/levit_128s""".split()
SIZES = {"densenet121": 64, "convnext_tiny": 64}
WIDTHS = [30, 5, 5, 5, 16, 7, 11]


def row(*cells):
    print("| " + " | ".join(str(c).ljust(w) for c, w in zip(cells, WIDTHS)) + " |", flush=True)


def pixels(*shape):
    """fill_images of tests/axx_timm.h, which repeats after 2,001 pixels."""
    k = (np.arange(np.prod(shape)) * 7919 + 13) % 2001
    return (k.astype(np.float32) / np.float32(1000) - np.float32(1)).reshape(shape)


def network(name):
    """And the side of its images."""
    torch.manual_seed(1)
    size = SIZES.get(name, 96)
    if name.startswith("timm/"):
        try:
            return timm.create_model(name[5:], num_classes=10, img_size=size), size
        except TypeError:  # of any size
            return timm.create_model(name[5:], num_classes=10), size
    options = {"image_size": size} if name.startswith("vit_") else {}
    if name in ("googlenet", "inception_v3"):
        options = {"init_weights": True}
    return getattr(torchvision.models, name)(weights=None, num_classes=10, **options), size


def see(m, size):
    """No tensor is all zeros, as heads and biases are at first; batch norms have the statistics of
    images; the rest is for inference."""
    for x in m.eval().modules():
        if isinstance(x, torch.nn.modules.batchnorm._BatchNorm):
            x.train().momentum = 1.0
    with torch.no_grad():
        for p in m.parameters():
            if not p.any():
                p.normal_(0, 0.02)
        m(torch.randn(8, 3, size, size))
    return m.eval()


def export(name, path, new):
    """Nodes of the file, and its values in float64."""
    m, size = network(name)
    m = see(m, size)
    x = torch.from_numpy(pixels(2, 3, size, size))
    if new:
        torch.onnx.export(m, (x,), path, verbose=False, external_data=False)
    else:
        torch.onnx.export(m, (x,), path, dynamo=False, opset_version=17)
    with torch.no_grad():
        y = m.double()(x.double()).reshape(-1).numpy()
    return len(onnx.load(path).graph.node), y


def runtime(path):
    session = onnxruntime.InferenceSession(path)
    entry = session.get_inputs()[0]
    return session.run(None, {entry.name: pixels(2, *entry.shape[1:])})[0].reshape(-1)


def error(values, wanted):
    return float(np.abs(np.array(values) - wanted).max() / np.abs(wanted).max())


def main():
    names = [n for n in sys.argv[1:] if not n.startswith("-")] or LISTED
    wrong, refused = 0, []
    row("network", "nodes", "graph", "MMACs", "from onnxruntime", "float64", "its float64")
    row(*["-" * w for w in WIDTHS])
    with tempfile.TemporaryDirectory() as work:
        driver = f"{work}/oracle_axx_onnx"
        subprocess.run(["cc", "-O2", f"{HERE}/oracle_axx_onnx.c", "-o", driver, "-lm"], check=True)
        for name in names:
            path = f"{work}/net.onnx"
            try:
                nodes, exact = export(name, path, "--new" in sys.argv)
                other = runtime(path)
            except Exception as why:  # the exporter's or onnxruntime's
                refused.append(f"{name}: not exported: {str(why).splitlines()[-1][:100]}")
                continue
            out = subprocess.run([driver], input=path + "\n", capture_output=True, text=True, check=True)
            got = json.loads(out.stdout)
            if got["refused"]:
                refused.append(f"{name}: {got['refused']}")
                row(name, nodes, "", "", "refused", "", "")
                continue
            errors = error(got["values"], other), error(got["values"], exact), error(other, exact)
            wrong += not (errors[1] < 1e-5 or errors[1] < 2 * errors[2])
            row(name, nodes, got["nodes"], round(got["macs"] / 1e6), *[f"{e:.1e}" for e in errors])
    print("\n" + "\n".join(refused))
    print(f"{wrong} wrong of {len(names)}")
    return wrong > 0


warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
sys.exit(main())
