#!/usr/bin/env python3
"""Writes tests/data/hlx/tokenizers: ids that tiktoken 0.14 and tokenizers 0.23 give, for tests/hlx_tokenizer.c.

    pip install tiktoken tokenizers && python3 tests/golden_tokenizers.py

ranks.tiktoken has tokens that cross the pieces of every pattern, so that each cut shows in the ids; tokenizer.json has
Llama 3's pattern, special tokens and a template; digits.json takes numbers apart; vocab.json and merges.txt are GPT-2's two files.
"""
import base64
import json
import os
import sys

import tiktoken
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

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
    gpt2 = trained(words, 400, ["<|endoftext|>"])
    gpt2.model.save(OUT)
    with open(f"{OUT}/ids.json", "w", encoding="utf8") as f:
        json.dump({"texts": TEXTS, "ranks": ids, "marked": marked, "document": [t.encode(s).ids for s in marked],
                   "digits": [d.encode(s).ids for s in TEXTS],
                   "two_files": [gpt2.encode(s).ids for s in TEXTS]}, f, separators=(",", ":"))


main()
