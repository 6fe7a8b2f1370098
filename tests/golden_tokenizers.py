#!/usr/bin/env python3
"""Writes tests/data/hlx/tokenizers: ids that tiktoken 0.14 and tokenizers 0.23 give, for tests/hlx_tokenizer.c.

    pip install tiktoken tokenizers && python3 tests/golden_tokenizers.py

ranks.tiktoken has tokens that cross the pieces of every pattern, so that each cut shows in the ids; tokenizer.json has
Llama 3's pattern, special tokens and a template; digits.json takes numbers apart; vocab.json and merges.txt are GPT-2's two files.
qwen2.json normalises (NFC); nfc.json has texts in that form, and a digest over all characters, by tokenizers' own normaliser.
"""
import base64
import json
import os
import random
import sys
import unicodedata

import tiktoken
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
                        trainers)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.argv = sys.argv[:1]
from oracle_tokenizers import PATTERNS, SENTENCES  # noqa: E402

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "hlx", "tokenizers")
TEXTS = SENTENCES + [
    "", " ", "\n", "a  ", "a \n ", "  \n\n  b", "don't DON'T 'ſ'ſa x'", "12345 ٣٤٥٦", "ſa" * 20 + " 'ſaſa 'ſaſa", "HTTPServer//\n/ path/\r\n",
    "x" * 200, "ab" * 150 + " " * 130, "\u0301\u0301a\u0301B", "ǅa ªº ʰA", "<|endoftext|>", "\U00020000\U000e0100 \U00033000",
    "e\u0301\u0301 \u0301", "a  1 b 22  3\n4 '5", "\t\tfoo\t bar", "!!word !!\n\n\n !", "\u00a0x\u3000y\u2028 z",
]


def trained(level, size, special):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = level
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(TEXTS * 2, trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False, max_token_length=12))
    return t


NFC = normalizers.NFC().normalize_str


def normal_forms():
    """Texts and their NFC; then FNV-1a over lines of c, q c U+0327 U+0301 c, U+1100 c, AE c for each character c."""
    rng = random.Random(15)
    marks = [c for c in map(chr, range(0x300, 0x1AB0)) if unicodedata.combining(c)]
    texts = TEXTS + [unicodedata.normalize("NFD", t) for t in TEXTS] + [
        "\u0344", "\u0958", "\u212b\u2126\u1e9b\u0323", "\u1100\u1161\u11a8\u11a8", "\uac00\u11a7\u11a8", "\U0001d160\U0001d15f",
        "\u0041\u0327\u030a\u0301", "\u0301\u0327 a", "a\u0305\u0301\u0301", "\u0dd9\u0dcf\u0dca", "\uf900\ufa70\U0002f800",
        "\u0b47\u0300\u0b3e", "a\u0327\u0301\u0307" * 40, "x" + "".join(rng.choice(marks) for _ in range(300)), "\u0340\u0341\u0343"]
    texts += ["".join(rng.choice("aeoqYü가각ㅏ" + "".join(marks[:60])) for _ in range(30)) for _ in range(40)]
    digest = 0xCBF29CE484222325
    for c in map(chr, [*range(1, 0xD800), *range(0xE000, 0x32400)]):
        for t in (c, f"q{c}\u0327\u0301{c}", f"\u1100{c}", f"AE{c}"):
            for byte in (NFC(t) + "\n").encode():
                digest = (digest ^ byte) * 0x100000001B3 % (1 << 64)
    return {"texts": texts, "nfc": [NFC(t) for t in texts], "digest": f"{digest:016x}"}


def byte_of():
    plain = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 255 and b != 173]
    rest = [b for b in range(256) if b not in plain]
    return {**{chr(b): b for b in plain}, **{chr(256 + i): b for i, b in enumerate(rest)}}


def main():
    os.makedirs(OUT, exist_ok=True)
    whole = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    table = byte_of()
    vocab = json.loads(trained(whole, 700, []).to_str())["model"]["vocab"]
    ranks = {bytes(table[c] for c in k): v + 3 * (v > 400) for k, v in vocab.items()}  # a gap in the ids
    with open(f"{OUT}/ranks.tiktoken", "w") as f:
        for token, rank in sorted(ranks.items(), key=lambda x: x[1]):
            f.write(f"{base64.b64encode(token).decode()} {rank}\n")
    ids = {}
    for name, (_, pattern, _) in PATTERNS.items():
        if not pattern:
            continue
        e = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        ids[name] = [e.encode_ordinary(t) for t in TEXTS]
    level = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(PATTERNS["llama3"][2]), "isolated"), whole])
    t = trained(level, 400, ["<|begin_of_text|>", "<|end_of_text|>"])
    t.add_tokens([AddedToken("the", normalized=True)])
    t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
        single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A $B", special_tokens=[("<|begin_of_text|>", 0)])])
    t.save(f"{OUT}/tokenizer.json", pretty=False)
    marked = [s + "<|end_of_text|>then the<|end_of_text" for s in TEXTS]
    d = trained(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), words]), 400, [])
    d.save(f"{OUT}/digits.json", pretty=False)
    q = trained(pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(PATTERNS["qwen2"][2]), "isolated"), whole]), 500,
                ["<|endoftext|>"])
    q.normalizer = normalizers.NFC()
    q.add_tokens([AddedToken("t\u00e9", normalized=True), AddedToken("e\u0301e", normalized=False)])
    q.save(f"{OUT}/qwen2.json", pretty=False)
    forms = normal_forms()
    forms["ids"] = [q.encode(s).ids for s in forms["texts"] + ["t\u00e9 te\u0301 ee\u0301e \u00e9e<|endoftext|>\u0301"]]
    with open(f"{OUT}/nfc.json", "w", encoding="utf8") as f:
        json.dump(forms, f, separators=(",", ":"))
    gpt2 = trained(words, 400, ["<|endoftext|>"])
    gpt2.model.save(OUT)
    with open(f"{OUT}/ids.json", "w", encoding="utf8") as f:
        json.dump({"texts": TEXTS, "ranks": ids, "marked": marked, "document": [t.encode(s).ids for s in marked],
                   "digits": [d.encode(s).ids for s in TEXTS],
                   "two_files": [gpt2.encode(s).ids for s in TEXTS]}, f, separators=(",", ":"))


main()
