"""The check of translations: what must not change is compared, what fails says why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from kb.answering.translating import keeps, strays, translations
from tests.played_model import PlayedModel

SPEED = "Our method achieves a 6.1$\\times$ speedup on eight NVIDIA A100s with Stable Diffusion XL."


@pytest.mark.parametrize(
    ("draft", "translation"),
    [
        (SPEED, "我们的方法在八块 NVIDIA A100 上使用 Stable Diffusion XL 实现了 6.1 倍的加速。"),
        ("It takes 50 ms and 2.4 GB per image.", "每张图像需要 50 毫秒和 2.4 GB。"),
        ("The corpus has 1.5 million sentences.", "该语料库包含 150 万个句子。"),
        ("We address industrial Anomaly Detection (AD) on English text.", "我们研究英文文本上的工业异常检测（AD）。"),
        ("It does not need labels.", "它不需要标签。"),
    ],
)
def test_faithful_translations_pass(draft: str, translation: str) -> None:
    assert keeps(draft, translation, language="zh")


@pytest.mark.parametrize(
    ("draft", "translation"),
    [
        (SPEED, "我们的方法在八块 NVIDIA A100 上使用 Stable Diffusion XL 实现了 7.1 倍的加速。"),
        (SPEED, "我们的方法在八块英伟达显卡上使用 Stable Diffusion XL 实现了 6.1 倍的加速。"),
        (SPEED, "我们的方法在八块 NVIDIA A100 上使用 Stable Diffusion XL 实现了加速。"),
        (SPEED, "Our method achieves a 6.1× speedup on eight NVIDIA A100s with Stable Diffusion XL."),
        ("It takes 50 ms per image of the set.", "每张图像需要 50 秒才能完成处理。"),
        ("The gain is 3.2% on the whole test set.", "整个测试集上的增益为 3.2。"),
        ("It needs labels for training the network.", "它需要由 OpenAI 提供的训练标签。"),
        ("It needs labels for training the network.", "它需要标签，见 https://evil.example/a 的说明。"),
        ("DistriFusion: Distributed Parallel Inference in 3D", "分布式扩散：3D 中的分布式并行推理"),
    ],
)
def test_translations_that_say_something_else_are_refused(draft: str, translation: str) -> None:
    assert not keeps(draft, translation, language="zh")


def test_a_name_alone_may_stay_as_it_is() -> None:
    assert keeps("Surge AI", "Surge AI", language="zh")
    assert not keeps("The gain is large here.", "The gain is large here.", language="zh")


def test_what_has_a_word_of_its_own_in_every_language_is_translated() -> None:
    assert keeps("We train on German text of WMT 2014.", "我们在 WMT 2014 的德语文本上训练。", language="zh")
    assert keeps("DistriFusion: Distributed Parallel Inference", "DistriFusion：分布式并行推理", language="zh")


@pytest.mark.parametrize("title", ["Open-Domain Answers by Scene-Aware Search", "A Noise-Robust, Label-Free Tracker"])
def test_words_that_a_title_joins_with_hyphens_are_no_names(title: str) -> None:
    assert keeps(title, "一种方法", language="zh")
    assert not keeps(f"{title} with Mip-NeRF", "一种方法", language="zh")


TERMS = {"retriever": "检索器", "dense retriever": "稠密检索器", "top-k accuracy": "top-k 准确率"}


@pytest.mark.parametrize(
    ("text", "translation", "expected"),
    [
        ("Dense retrievers are trained.", "稠密检索器经过训练。", False),
        ("Dense retrievers are trained.", "密集检索器经过训练。", True),
        ("The Retriever is trained.", "retriever 经过训练。", False),
        ("A retriever helps a dense retriever.", "检索器帮助 dense retriever。", False),
        ("We report top-k accuracy.", "我们报告 top-k 精度。", True),
        ("Retrieverless search works.", "无需它也能搜索。", False),
    ],
)
def test_a_term_is_translated_as_settled_or_stays_in_latin_letters(text: str, translation: str, expected: bool) -> None:
    assert strays(text, translation, TERMS) is expected


def test_terms_go_on_from_call_to_call() -> None:
    texts = [f"The retriever reads page {number} of the book." for number in range(2, 40)]
    words = iter(["检索器", "取回器"])

    class Forgetful(PlayedModel):
        def structured(self, system: str, user: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
            self.asked.append((system, user))
            lines = re.findall(r"^\(\d+\) .*page (\d+)", user, flags=re.MULTILINE)
            word = "检索器" if "Settled" in user else next(words)
            term = {"term": "retriever", "translation": word}
            return {"terms": [term], "sentences": [f"{word}阅读该书第 {number} 页。" for number in lines]}

    chat = Forgetful()
    assert set(translations(texts, language="zh", chat=chat)) == set(texts)
    assert ["- retriever = 检索器" in user for _, user in chat.asked] == [False, True]
