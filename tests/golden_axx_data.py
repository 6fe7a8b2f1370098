"""Writes tests/data/axx/data.json: images of bytes resized by Pillow, and resized, cut, scaled and
normalised by torchvision's transforms of Pillow images. Bytes and floats stand as sums over them
and as the first few. Needs Pillow (13.0.0), torch (2.15.0) and torchvision (0.29.2); the tests read
only the file.
    python3 tests/golden_axx_data.py tests/data/axx/data.json
With --against FILE: compares FILE, lines of `height width out_height out_width cubic hex-bytes`,
with Pillow, all bytes."""
import json
import sys

import numpy as np
import torch
from PIL import Image
from torchvision import transforms

FILTERS = [Image.BILINEAR, Image.BICUBIC]
SIZES = [(7, 5, 3, 4), (8, 8, 32, 32), (28, 28, 32, 32), (32, 32, 224, 224), (61, 83, 17, 83),
         (61, 83, 61, 20), (300, 200, 11, 9), (1, 1, 4, 3), (5, 400, 9, 100), (90, 20, 10, 15),
         (224, 224, 223, 225)]
# channels, height, width of the data; channels, height, width, resize, largest of the view
VIEWS = [(3, 40, 61, 3, 24, 24, 27, 255), (3, 61, 40, 3, 24, 20, 24, 255),
         (1, 28, 28, 3, 32, 32, 0, 255), (3, 32, 32, 1, 28, 28, 0, 255),
         (3, 33, 37, 3, 30, 32, 35, 255), (1, 8, 8, 1, 0, 0, 0, 16)]
MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def pattern(planes, height, width, most=255):
    """Bytes that the test makes, too."""
    i = np.arange(planes * height * width, dtype=np.uint64)
    values = (i * 7919 + i * i // 5 * 13 + i // 64 * 101) % 977 % (most + 1)
    return values.astype(np.uint8).reshape(planes, height, width)


def resized(height, width, out_height, out_width, cubic):
    image = Image.fromarray(pattern(1, height, width)[0])
    return np.array(image.resize((out_width, out_height), FILTERS[cubic]))


def checksum(values):
    """Sum of (position mod 251 + 1) times the byte, or a float's bits."""
    flat = values.reshape(-1)
    flat = (flat.view(np.uint32) if flat.dtype == np.float32 else flat).astype(np.uint64)
    return int((flat * (np.arange(flat.size, dtype=np.uint64) % 251 + 1)).sum())


def viewed(channels, height, width, out_channels, out_height, out_width, resize, largest, cubic):
    planes = pattern(channels, height, width, largest)
    image = Image.fromarray(planes[0] if channels == 1 else planes.transpose(1, 2, 0).copy())
    how = [transforms.InterpolationMode.BILINEAR, transforms.InterpolationMode.BICUBIC][cubic]
    if out_channels < channels:
        image = image.convert("L")
    steps = []
    if resize:
        steps += [transforms.Resize(resize, how), transforms.CenterCrop((out_height, out_width))]
    elif out_height:
        steps += [transforms.Resize((out_height, out_width), how)]
    steps += [transforms.PILToTensor()]
    x = transforms.Compose(steps)(image).to(torch.float32).div(largest)
    if largest == 255:
        assert torch.equal(x, transforms.Compose(steps[:-1] + [transforms.ToTensor()])(image))
    if out_channels > channels:
        x = x.repeat(out_channels, 1, 1)
    mean, deviation = MEAN[:out_channels], DEVIATION[:out_channels]
    return transforms.Normalize(mean, deviation)(x).numpy()


def main():
    if sys.argv[1] == "--against":
        wrong = 0
        lines = open(sys.argv[2]).read().split("\n")[:-1]
        for line in lines:
            *numbers, data = line.split()
            wrong += resized(*map(int, numbers)).tobytes().hex() != data
        print(f"{len(lines)} images, {wrong} unlike Pillow's")
        sys.exit(wrong > 0)
    answers = {"resize": [], "view": []}
    for size in SIZES:
        for cubic in range(2):
            out = resized(*size, cubic)
            answers["resize"].append({"size": size, "cubic": cubic, "sum": checksum(out),
                                      "first": out.reshape(-1)[:8].tolist()})
    for view in VIEWS:
        for cubic in range(2):
            out = viewed(*view, cubic)
            answers["view"].append({"view": view, "cubic": cubic, "count": out.size,
                                    "sum": checksum(out),
                                    "first": [float(v) for v in out.reshape(-1)[:4]]})
    with open(sys.argv[1], "w", encoding="ascii") as file:
        for name, cases in answers.items():
            lines = ",\n".join(json.dumps(case) for case in cases)
            file.write(f'{"{" if name == "resize" else ","}"{name}": [\n{lines}\n]\n')
        file.write("}\n")


main()
