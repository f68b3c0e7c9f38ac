"""The check of translations: what must not change is compared, what fails says why."""

from __future__ import annotations

import pytest

from kb.answering.translating import keeps

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
