"""The table of letters that ``kb.parsing.legibility`` reads, made from profiles of languages, and what it tells apart.

    pip install --target FOLDER langdetect==1.0.9
    python -m tests.benchmarks.legibility_train FOLDER/langdetect/profiles [--write]

The profiles (Apache-2.0, from Wikipedia in 31 languages of Latin script) count groups of one to three letters. The
table has, for two letters and the next one, how likely that is in some language. Printed are the mean of each language
under the table made without it, of all shifts of the alphabet in all languages, and of English with letters mistaken.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.parsing.legibility import LETTERS, TABLE, folded

LANGUAGES = (
    "af ca cs cy da de en es et fi fr hr hu id it lt lv nl no pl pt ro sk sl so sq sv sw tl tr vi"
).split()  # fmt: skip
PLACES = {letter: place for place, letter in enumerate(LETTERS)}
Counts = tuple[NDArray[np.float64], NDArray[np.float64]]


def counts_of(profile: Path) -> Counts:
    """How often three and two letters follow each other, accents taken off."""
    size = len(LETTERS)
    three, two = np.zeros((size, size, size)), np.zeros((size, size))
    for letters, count in json.loads(profile.read_text("utf-8"))["freq"].items():
        plain = folded(letters)
        if not all(letter in PLACES for letter in plain):
            continue
        places = tuple(PLACES[letter] for letter in plain)
        if len(places) == 3 and places[1]:
            three[places] += count
        elif len(places) == 2:
            two[places] += count
    return three, two


def table_of(counts: list[Counts]) -> NDArray[np.float64]:
    """Bits of the third letter after two, averaged over the languages before the logarithm is taken."""
    likely = []
    for three, two in counts:
        after_one = two + 0.01 * two.sum(1, keepdims=True) / len(LETTERS) + 1e-9
        after_one /= after_one.sum(1, keepdims=True)
        seen = three.sum(2, keepdims=True)
        trust = 0.95 * seen / (seen + 0.002 * three.sum() / len(LETTERS))
        likely.append(trust * three / np.maximum(seen, 1) + (1 - trust) * after_one[None])
    return np.asarray(np.log2(np.mean(likely, axis=0) + 1e-6))


def main() -> None:
    """Print what the table tells apart; write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("profiles", type=Path)
    parser.add_argument("--write", action="store_true", help="write the table to where kb reads it")
    asked = parser.parse_args()
    counts = {language: counts_of(asked.profiles / language) for language in LANGUAGES}
    table = table_of(list(counts.values()))
    print("each language under the table made without it:")
    for language, (three, _) in counts.items():
        others = table_of([own for other, own in counts.items() if other != language])
        print(f"  {language} {(three * others).sum() / three.sum():.2f}", end="")
    means = []
    for three, _ in counts.values():
        for shift in range(1, 26):
            moved = np.r_[0, 1 + (np.arange(26) + shift) % 26]
            means.append(float((three * table[np.ix_(moved, moved, moved)]).sum() / three.sum()))
    print(f"\nshifted alphabets, all languages: {min(means):.2f} to {max(means):.2f}")
    if asked.write:
        # A byte for each: eighths of a bit.
        TABLE.parent.mkdir(exist_ok=True)
        np.savez_compressed(TABLE, eighths=np.clip(np.round(-8 * table), 0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
