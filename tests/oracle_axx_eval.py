"""build/axx_eval and PyTorch count the same right answers of the same weights on the same images,
with the same loss within 1e-5 of it (of JPEG, whose decoders differ, only the count is told):
the network of axx_vit_digits on its digits, and networks of timm, random, on CIFAR-10 and CIFAR-100
batches (one through ONNX), IDX and folders of PNG and JPEG that this script makes. Nine in ten
labels are the answers of PyTorch, so that a pixel that is off shows. Needs torch, timm,
torchvision, onnxscript, Pillow, safetensors.
    make build/axx_eval build/axx_vit_digits && python3 tests/oracle_axx_eval.py"""
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from timm.models.vision_transformer import VisionTransformer
from torchvision import datasets, transforms

IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
CUBIC = transforms.InterpolationMode.BICUBIC
rng = np.random.default_rng(7)
torch.manual_seed(7)


def run(*arguments):
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{arguments}: {done.stderr}")
    return json.loads(done.stdout)


def logits_of(net, images, step):
    with torch.no_grad():
        return torch.cat([net(torch.stack([step(x) for x in images[i:i + 64]]))
                          for i in range(0, len(images), 64)]).double()


def answers(net, images, step):
    return logits_of(net, images, step).argmax(1).numpy()


def labels_of(told, classes):
    """The answers, but of one in ten another class."""
    other = rng.integers(0, classes, len(told))
    return np.where(rng.random(len(told)) < 0.1, other, told)


def picture(height, width):
    """Waves, edges and noise in colours."""
    y, x = np.mgrid[:height, :width] / 8
    waves = [np.sin(x * a + y * b + c) for a, b, c in rng.uniform(-2, 2, (3, 3))]
    noise = rng.normal(0, 0.3, (height, width, 3))
    shade = np.stack(waves, 2) + (x > rng.uniform(0, width / 8))[..., None] + noise
    return np.clip(110 + 60 * shade + rng.uniform(-60, 60, 3), 0, 255).astype(np.uint8)


def judge(name, ours, logits, labels):
    """Whether count and loss of axx_eval's float32 row are PyTorch's."""
    right = int((logits.argmax(1).numpy() == labels).sum())
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels)).item()
    close = abs(ours["loss"] - loss) < 1e-5 * max(loss, 1)
    told = "equal" if ours["right"] == right else "DIFFERENT"
    print(f"{name:12} {len(labels):6} images, PyTorch {right:4}, axx_eval {ours['right']:4}, "
          f"{told}; loss {loss:.6f}, {ours['loss']:.6f}, {'alike' if close else 'OFF'}")
    return ours["right"] == right and close


def compare(name, net, folder, data, images, labels, step, *options):
    path = f"{folder}/{name}.safetensors"
    if isinstance(net, VisionTransformer):
        save_file({k: v.contiguous() for k, v in net.state_dict().items()}, path)
    else:
        path = f"{folder}/{name}.onnx"
        torch.onnx.export(net, (torch.zeros(1, 3, 32, 32),), path, verbose=False)
    ours = run("build/axx_eval", path, data, "--json", *options)["rows"][0]
    return judge(name, ours, logits_of(net, images, step), labels)


def network(size, patch, channels, classes):
    net = VisionTransformer(img_size=size, patch_size=patch, in_chans=channels, num_classes=classes,
                            embed_dim=48, depth=2, num_heads=4, init_values=0.5, fc_norm=False)
    for p in net.parameters():
        torch.nn.init.normal_(p, std=0.15 if p.dim() > 1 else 0.5)
    return net.eval()


OWN = ("--eps", "1e-6", "--heads", "4", "--calibration", "8")


def digits(folder):
    run("build/axx_vit_digits", "--json", "--out", f"{folder}/digits", "--epochs", "3")
    net = VisionTransformer(img_size=8, patch_size=2, in_chans=1, num_classes=10, embed_dim=48,
                            depth=3, num_heads=4, mlp_ratio=2, class_token=False, global_pool="avg",
                            fc_norm=False, act_layer="gelu_tanh",
                            norm_layer=lambda d, **_: torch.nn.LayerNorm(d, eps=1e-5)).eval()
    net.load_state_dict(load_file(f"{folder}/digits.safetensors"))
    table = np.loadtxt(f"{folder}/digits.test.csv", delimiter=",", dtype=np.int64)
    images = list(table[:, 1:].reshape(-1, 1, 8, 8))
    step = lambda x: (torch.tensor(x, dtype=torch.float32) / 16 - 0.5) / 0.5
    ours = run("build/axx_eval", f"{folder}/digits.safetensors", f"{folder}/digits.test.csv",
               "--json", "--train", f"{folder}/digits.train.csv", "--largest", "16")["rows"][0]
    return judge("digits", ours, logits_of(net, images, step), table[:, 0])


class Residual(torch.nn.Module):
    """A few convolutions, norms and a sum, for CIFAR-10."""

    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 12, 3, 2, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(12)
        self.conv2 = torch.nn.Conv2d(12, 12, 3, 1, 1, groups=12)
        self.fc = torch.nn.Linear(12, 10)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        return self.fc((x + torch.relu(self.conv2(x))).mean((2, 3)))


def cifar(folder, name, net, classes, count, size, *own):
    os.makedirs(f"{folder}/{name}")
    images = [Image.fromarray(picture(32, 32)) for _ in range(count)]
    step = transforms.Compose([transforms.Resize((size, size), CUBIC), transforms.ToTensor(),
                               transforms.Normalize(*IMAGENET)])
    labels = labels_of(answers(net, images, step), classes)
    records = b"".join((b"" if classes == 10 else b"\5") + bytes([label])
                       + np.array(image).transpose(2, 0, 1).tobytes()
                       for image, label in zip(images, labels))
    names = [f"data_batch_{k}.bin" for k in range(1, 6)] if classes == 10 else ["train.bin"]
    for batch in names + ["test_batch.bin" if classes == 10 else "test.bin"]:
        with open(f"{folder}/{name}/{batch}", "wb") as file:
            file.write(records)
    path = f"{folder}/{name}"
    return compare(f"{name} net", net, folder, path, images, labels, step,
                   "--cubic", "--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225", *own)


def idx(folder, count):
    net = network(28, 7, 1, 10)
    images = [Image.fromarray(picture(28, 28)[:, :, 0]) for _ in range(count)]
    step = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.1307], [0.3081])])
    labels = labels_of(answers(net, images, step), 10)
    with open(f"{folder}/t10k-images-idx3-ubyte", "wb") as file:
        file.write(struct.pack(">IIII", 0x803, count, 28, 28)
                   + b"".join(np.array(image).tobytes() for image in images))
    with open(f"{folder}/t10k-labels-idx1-ubyte", "wb") as file:
        file.write(struct.pack(">II", 0x801, count) + bytes(labels.tolist()))
    path = f"{folder}/t10k-images-idx3-ubyte"
    return compare("IDX", net, folder, path, images, labels, step, "--train", path,
                   "--mean", "0.1307", "--std", "0.3081", *OWN)


def pictures(folder, ending, count):
    """Sizes of photographs, resized and cut as timm does; JPEG goes through another decoder."""
    net = network(64, 16, 3, 7)
    root = f"{folder}/{ending}"
    images = [Image.fromarray(picture(*rng.integers(70, 160, 2))) for _ in range(count)]
    step = transforms.Compose([transforms.Resize(71, CUBIC), transforms.CenterCrop(64),
                               transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)])
    labels = labels_of(answers(net, images, step), 7)
    for k in range(7):
        os.makedirs(f"{root}/class {k}")
    for i, (image, label) in enumerate(zip(images, labels)):
        image.save(f"{root}/class {label}/{i}.{ending}", quality=95)
    found = datasets.ImageFolder(root)
    images = [found.loader(path) for path, _ in found.samples]
    labels = np.array([label for _, label in found.samples])
    return compare(f"{ending} folder", net, folder, root, images, labels, step, "--train", root,
                   "--resize", 71, "--cubic", *OWN)


def main():
    print(f"torch {torch.__version__}, timm {timm.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        equal = [digits(folder),
                 cifar(folder, "CIFAR-10", network(48, 8, 3, 10), 10, 500, 48, *OWN),
                 cifar(folder, "CIFAR-100", network(32, 8, 3, 100), 100, 300, 32, *OWN),
                 cifar(folder, "ONNX", Residual().eval(), 10, 500, 32),
                 idx(folder, 500), pictures(folder, "png", 300), pictures(folder, "jpg", 300)]
    sys.exit(not all(equal[:-1]))


main()
