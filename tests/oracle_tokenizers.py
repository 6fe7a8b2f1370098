#!/usr/bin/env python3
"""Ids of nc_hlx.h's tokenizers against tiktoken and tokenizers; not part of make test.

    pip install tiktoken tokenizers
    cc -O2 -o build/oracle_tokenizers tests/oracle_tokenizers.c -lm
    python3 tests/oracle_tokenizers.py [FOLDER]

Texts: 1 MB of English, Russian, Chinese, Japanese, Arabic, Hindi, emoji, combining marks, C, Python, tabs, CR LF and
numbers, and 100,000 random strings. Tokenizers: one trained here with `tokenizers` on that text for each pattern, one
trained by nc_hlx.h and written as tokenizer.json for each, and what is found in FOLDER: *.tiktoken (openai-whisper,
dashscope), tekken_*.json (mistral-common), vocab.json. Exit status 1 for any difference.
"""
import base64
import glob
import json
import os
import random
import struct
import subprocess
import sys
import time
import unicodedata

import tiktoken
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
                        trainers)

OURS = "build/oracle_tokenizers"
WORK = "build/oracle_tokenizers.d"
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
S = "'(?:[sdmt]|ll|ve|re)"
I = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
UP, LOW = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"


def cased(suffix, digits):
    lead = r"[^\r\n\p{L}\p{N}]?"
    return (f"{lead}{UP}*{LOW}+{suffix}|{lead}{UP}+{LOW}*{suffix}|" + r"\p{N}" + digits +
            r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


# number of nc_hlx_pattern, the form of tiktoken, the form of tokenizer.json (None: ByteLevel's own)
PATTERNS = {
    "gpt2": (1, S + r"| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s", None),
    "cl100k": (2, r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
               r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
               I + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]+|\s+(?!\S)|\s+"),
    "llama3": (3, I + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + REST, I + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + REST),
    "qwen2": (4, I + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + REST, I + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + REST),
    "o200k": (5, cased(I + "?", "{1,3}"), cased(I + "?", "{1,3}")),
    "tekken": (6, cased("", ""), cased("", "")),
    "digits": (7, None, "digits"),
}

SENTENCES = [
    "Все люди рождаются свободными и равными в своём достоинстве и правах. Ёлка, объём, 12 345 рублей.",
    "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。2024年3月",
    "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。カタカナ１２３",
    "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. ١٢٣٤٥ وقد وهبوا عقلًا وضميرًا",
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। १२३",
    "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "👩‍👩‍👧‍👦 🇩🇪 👍🏽 e\u0301\u0323 Z\u0351\u036b\u0343\u036ang A\u030angstro\u0308m ﬁn ſt Straße ǅungla ʻokina",
    "I'M sure they'Ll we've It's don'T 'ſ x'RE HTTPServer iPhone McDonald's CamelCaseXML2JSON",
    "\tif (x == 1) {\r\n\t\treturn  \t 3.14159e-10;\r\n}\r\n\r\n  \n   trailing   \n\n\n",
    "1234567890 12.5% $1,000,000 0xDEADBEEF ½ Ⅷ ² ٣ 一二三   \u00a0\u2003\u3000x\u200by\u2028z\x0b\x0c\x1c\x85q",
]


def mixed_text(rng):
    parts = []
    for name in ["nc_hlx.h", "tests/oracle_tokenizers.py", "tests/golden_fp4.py", "README.md", "nc_gpu.h"]:
        parts.append(open(os.path.join(HERE, name), encoding="utf8", newline="").read()[:120000])
    parts.append(open(os.path.join(HERE, "examples/data/genesis.txt"), encoding="utf8").read())
    shakespeare = os.path.join(HERE, "../shared/data/text/tinyshakespeare.txt")
    if os.path.exists(shakespeare):
        parts.append(open(shakespeare, encoding="utf8").read()[:200000])
    words = [w for s in SENTENCES for w in s.split(" ")]
    while sum(len(p.encode()) for p in parts) < 1 << 20:
        parts.append("\n".join(rng.choice(SENTENCES) for _ in range(20)))
        parts.append(rng.choice([" ", "  ", "\n"]).join(rng.choice(words) for _ in range(300)))
    cut = [p[i:i + 2000] for p in parts for i in range(0, len(p), 2000)]
    rng.shuffle(cut)
    return "".join(cut)


def random_strings(rng, count):
    pool = [" ", " ", "  ", "\n", "\r\n", "\t", "'", "'s", "'S", "'ll", "/", "<", "|", "a", "B", "é", "1", "2", "़", "ſ"]
    ranges = [(0, 0x250), (0x250, 0x600), (0x600, 0x1100), (0x1100, 0x3400), (0x4E00, 0x9FFF), (0xA000, 0xD7FF),
              (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x33FFF), (0xE0000, 0x10FFFF)]
    for _ in range(count):
        out = []
        for _ in range(rng.randint(0, 24)):
            if rng.random() < 0.5:
                out.append(rng.choice(pool))
            else:
                out.append(chr(rng.randint(*rng.choice(ranges))))
        yield "".join(out)


NFC = normalizers.NFC().normalize_str


def numbers_of_16(text):
    """Digits of tokenizers 0.23 asks Rust, which has the numbers that are new in Unicode 17, its patterns Unicode 16."""
    return not any(0x11DE0 <= ord(c) <= 0x11DE9 or 0x16FF4 <= ord(c) <= 0x16FF6 for c in text)


def ours(path, pattern, mode, texts):
    with open(f"{WORK}/texts", "wb") as f:
        for t in texts:
            f.write(struct.pack("<I", len(t)) + t)
    done = subprocess.run([OURS, path, str(pattern), mode, f"{WORK}/texts", f"{WORK}/ids"], check=True,
                          capture_output=True, text=True)
    data, at, out = open(f"{WORK}/ids", "rb").read(), 0, []
    for _ in texts:
        (n,) = struct.unpack_from("<I", data, at)
        out.append(list(struct.unpack_from(f"<{n}I", data, at + 4)))
        at += 4 + 4 * n
    return out, float(done.stdout.split()[1])


def compare(name, path, pattern, encode, texts, mode="plain"):
    raw = [t.encode() for t in texts]
    got, speed = ours(path, pattern, mode, raw)
    start = time.perf_counter()
    want = [encode(t) for t in texts]
    theirs = sum(map(len, raw)) / (time.perf_counter() - start) / 1e6
    wrong = [i for i in range(len(texts)) if got[i] != want[i]]
    print(f"{name:34s} {len(texts):7d} texts {sum(map(len, want)):8d} ids {len(wrong):5d} differ "
          f"{speed:6.1f} MB/s, theirs {theirs:5.1f}", flush=True)
    for i in wrong[:3]:
        print("   ", repr(texts[i][:60]), got[i][:20], want[i][:20])
    return len(wrong)


def hf_trained(regex, text, vocab, bos):
    t = Tokenizer(models.BPE(ignore_merges=bos))
    t.normalizer = normalizers.NFC() if bos else None
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=regex is None)
    if regex == "digits":
        t.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    else:
        t.pre_tokenizer = level if regex is None else pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(regex), "isolated"), level])
    t.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    t.train_from_iterator([text[i:i + 5000] for i in range(0, len(text), 5000)], trainers.BpeTrainer(
        vocab_size=vocab, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    t.add_tokens([AddedToken("hello world", normalized=True)])
    if bos:
        t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
            single="<|im_start|> $A", pair="<|im_start|> $A $B", special_tokens=[("<|im_start|>", 1)])])
    return t


def tekken_ranks(path):
    j = json.load(open(path))
    out = f"{WORK}/{os.path.basename(path)}.tiktoken"
    with open(out, "w") as f:
        for v in j["vocab"][:j["config"]["default_vocab_size"] - j["config"]["default_num_special_tokens"]]:
            f.write(f"{v['token_bytes']} {v['rank']}\n")
    return out


def main():
    os.makedirs(WORK, exist_ok=True)
    rng = random.Random(19)
    text, strings = mixed_text(rng), list(random_strings(rng, 100000))
    with_special = [s + rng.choice(["<|endoftext|>", "<|im_start|>", "hello world", "<|end"]) + strings[-i]
                    for i, s in enumerate(strings[:5000])]
    strings[::3] = [unicodedata.normalize("NFD", s) for s in strings[::3]]
    texts, wrong = [text] + strings, 0
    for k, (name, (number, _, regex)) in enumerate(PATTERNS.items()):
        path = f"{WORK}/{name}.json"
        hf_trained(regex, text, 8000, k % 2 == 1).save(path)
        hf = Tokenizer.from_file(path)
        wrong += compare(f"tokenizers, {name}", path, 0, lambda s: hf.encode(s).ids, [text], "document")
        some = strings + with_special
        wrong += compare(f"tokenizers, {name}", path, 0, lambda s: hf.encode(s).ids,
                         some if name != "digits" else list(filter(numbers_of_16, some)), "document")
    with open(f"{WORK}/text", "w", encoding="utf8", newline="") as f:
        f.write(text)
    for name, (number, _, _) in list(PATTERNS.items()):
        path = f"{WORK}/{name}_ours.json"
        subprocess.run([OURS, f"{WORK}/text", str(number), "train", "1500", path], check=True)
        hf = Tokenizer.from_file(path)
        wrong += compare(f"trained here, {name}", path, 0, lambda s: hf.encode(s).ids,
                         texts if name != "digits" else list(filter(numbers_of_16, texts)))
    folder = sys.argv[1] if len(sys.argv) > 1 else ""
    found = sorted(glob.glob(f"{folder}/**/*.tiktoken", recursive=True)) if folder else []
    tekken = sorted(glob.glob(f"{folder}/**/tekken_*.json", recursive=True)) if folder else []
    for path in found + [tekken_ranks(p) for p in tekken]:
        pairs = (line.split() for line in open(path, "rb") if line.strip())
        ranks = {base64.b64decode(a) if a != b"=" else b"": int(b) for a, b in pairs}
        kinds = [k for k in PATTERNS if PATTERNS[k][1] and (k == "tekken") == ("tekken" in path)]
        for kind in kinds if "gpt2" in path or "qwen" in path else kinds[:1]:
            e = tiktoken.Encoding(kind, pat_str=PATTERNS[kind][1], mergeable_ranks=ranks, special_tokens={})
            plain = e.encode_ordinary
            if kind == "qwen2" and "qwen" in path:  # as Qwen's own code
                plain = lambda s, e=e: e.encode_ordinary(NFC(s))
            name = f"tiktoken, {os.path.basename(path)[:14]}, {kind}"
            wrong += compare(name, path, PATTERNS[kind][0], plain, [text])
            wrong += compare(name, path, PATTERNS[kind][0], plain, strings)
    print(f"{wrong} differences")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
