"""Products of bytes: nc_axx.h beside PyTorch's int8 products and NumPy's look-ups, on one thread.
Convolutions in float32 beside PyTorch's.

The exact multiplier's product is an int8 matrix product with 32-bit sums, which is what PyTorch's
_int_mm computes; its quantised linear layer also rounds the sums to 8 bits. A multiplier that is
only a table has no other way in NumPy or PyTorch than one look-up a product."""
import ctypes as c
import warnings

import numpy as np

import peers

N = 512
GMAC = N**3 / 1e9
SMALL = 128

nc = peers.library()
random = np.random.default_rng(1)


def ours(name, x, w, sums):
    m, k = x.shape
    v = [peers.pointer(a) for a in (x, w, sums)]
    sizes = [c.c_size_t(s) for s in (m, w.shape[0], k)]

    def run():
        if nc.peer_axx(name.encode(), *v, *sizes):
            raise RuntimeError(f"nc_axx.h: {name} failed")

    return run


def with_torch():
    try:
        import torch
    except ImportError as e:
        return peers.skip("PyTorch (int8)", str(e))
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    name = f"PyTorch {peers.version('torch')}"
    x = random.integers(-127, 128, (N, N), dtype=np.int8)
    w = random.integers(-127, 128, (N, N), dtype=np.int8)
    sums = np.zeros((N, N), dtype=np.int32)
    run = ours("exact", x, w, sums)
    run()
    a, b = torch.from_numpy(x), torch.from_numpy(w).t()
    differ = np.count_nonzero(torch._int_mm(a, b).numpy() != sums)
    note = f", 32-bit sums, {differ} of {N * N} of them wrong" if differ else ", 32-bit sums"
    t = peers.times([run, lambda: torch._int_mm(a, b)])
    peers.row("axx", "exact bytes 512^3", "GMAC/s", GMAC, *t, name, "_int_mm" + note)
    qx = torch.quantize_per_tensor(torch.from_numpy(x.astype(np.float32)), 1.0, 128, torch.quint8)
    qw = torch.quantize_per_tensor(torch.from_numpy(w.astype(np.float32)), 1.0, 0, torch.qint8)
    ways = []
    for engine in torch.backends.quantized.supported_engines:
        if engine not in ("none", "qnnpack"):
            torch.backends.quantized.engine = engine
            ways.append((engine, torch.ops.quantized.linear_prepack(qw, None)))

    def linear(engine, packed):
        def run_linear():
            torch.backends.quantized.engine = engine
            torch.ops.quantized.linear(qx, packed, 1.0, 0)

        return run_linear

    t = peers.times([run] + [linear(*w) for w in ways])
    best = min(range(len(ways)), key=lambda i: t[1 + i])
    peers.row("axx", "exact bytes 512^3", "GMAC/s", GMAC, t[0], t[1 + best], name,
              f"quantized linear, {ways[best][0]}, 8 bits out")
    fx, fw = torch.from_numpy(x.astype(np.float32)), torch.from_numpy(w.astype(np.float32))
    t = peers.times([run, lambda: torch.nn.functional.linear(fx, fw)])
    peers.row("axx", "exact bytes 512^3", "GMAC/s", GMAC, *t, name, "float32 linear")


def convolution(channels, side, out, kernel, stride, groups):
    """Of ResNet-20 and MobileNetV2 on CIFAR: forward, the gradients of input and weights."""
    try:
        import torch
    except ImportError as e:
        return peers.skip("PyTorch (convolutions)", str(e))
    torch.set_num_threads(1)
    name = f"PyTorch {peers.version('torch')}"
    images = 8
    conv = torch.nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    x = torch.rand(images, channels, side, side, requires_grad=True)
    y = conv(x)
    dy = torch.rand_like(y)
    arrays = [a.detach().numpy() for a in (conv.weight, x, dy)]
    w, fx, fdy = map(peers.pointer, arrays)
    found = [np.zeros(tuple(a.shape), dtype=np.float32) for a in (y, x, conv.weight)]
    fy, dx, dw = map(peers.pointer, found)
    if nc.peer_axx_conv(channels, side, out, kernel, stride, groups, images, w):
        raise RuntimeError("nc_axx.h: no convolution")

    def forward():
        nc.peer_axx_conv_forward(fx, c.c_size_t(images), fy)

    def forward_torch():
        with torch.no_grad():
            conv(x)

    def backward():
        nc.peer_axx_conv_backward(fdy, dx, dw)

    def backward_torch():
        x.grad = conv.weight.grad = None
        y.backward(dy, retain_graph=True)

    kind = "depthwise" if groups > 1 else "convolution"
    to = "" if groups > 1 else f"{kernel} x {kernel} to {out} of "
    what = f"{kind} {to}{channels} x {side}^2 / {stride}"
    forward(), backward(), backward_torch()
    for ours_is, theirs in zip(found, (y, x.grad, conv.weight.grad)):
        if not np.allclose(ours_is, theirs.detach().numpy(), rtol=1e-4, atol=1e-4):
            raise RuntimeError(f"{what}: PyTorch disagrees")
    gmac = channels // groups * kernel**2 * y.numel() / 1e9
    t = peers.times([forward, forward_torch])
    peers.row("axx", what + " forward", "GMAC/s", gmac, *t, name, "Conv2d, float32")
    t = peers.times([backward, backward_torch])
    peers.row("axx", what + " backward", "GMAC/s", 2 * gmac, *t, name, "Conv2d, float32")


def with_numpy():
    name = f"NumPy {peers.version('numpy')}"
    x = random.integers(-128, 128, (SMALL, SMALL), dtype=np.int8)
    w = random.integers(-128, 128, (SMALL, SMALL), dtype=np.int8)
    sums = np.zeros((SMALL, SMALL), dtype=np.int32)
    for spec in ("truncated:5", "mitchell"):
        table = np.zeros(65536, dtype=np.int32)
        nc.peer_axx_table(spec.encode(), peers.pointer(table))
        run = ours(spec, x, w, sums)
        run()
        rows, columns = (x.astype(np.int32) + 128) * 256, w.astype(np.int32) + 128

        def looked_up():
            total = np.zeros((SMALL, SMALL), dtype=np.int32)
            for k in range(SMALL):
                total += table[rows[:, k, None] + columns[None, :, k]]
            return total

        if not np.array_equal(looked_up(), sums):
            raise RuntimeError(f"{spec}: the engine and NumPy disagree")
        t = peers.times([run, looked_up])
        peers.row("axx", f"{spec} 128^3", "GMAC/s", SMALL**3 / 1e9, *t, name, "table[x, w] a step")


with_torch()
for shape in ((16, 32, 16, 3, 1, 1), (64, 8, 64, 3, 1, 1), (24, 32, 144, 1, 1, 1)):
    convolution(*shape)
for channels, side, stride in ((96, 32, 1), (144, 32, 2), (192, 16, 1), (384, 8, 1), (576, 8, 2),
                               (960, 4, 1)):
    convolution(channels, side, channels, 3, stride, channels)
with_numpy()
