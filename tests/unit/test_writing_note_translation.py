"""The check of translations: what must not change is compared, what fails says why."""

from __future__ import annotations

import pytest

from kb.writing.note_translation import check_translation, locked_terms

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
    assert check_translation(draft, translation) == ""


@pytest.mark.parametrize(
    ("draft", "translation", "fault"),
    [
        (SPEED, "我们的方法在八块 NVIDIA A100 上使用 Stable Diffusion XL 实现了 7.1 倍的加速。", "7.1"),
        (SPEED, "我们的方法在八块 NVIDIA A100 上使用稳定扩散实现了 6.1 倍的加速。", "Stable"),
        (SPEED, "我们的方法在八块 NVIDIA A100 上使用 Stable Diffusion XL 实现了加速。", "6.1"),
        (SPEED, "Our method achieves a 6.1 times speedup.", "Chinese"),
        (SPEED, "", "nothing"),
        ("It takes 50 ms per image of the set.", "每张图像需要 50 秒才能完成处理。", "unit"),
        ("The gain is 3.2% on the whole test set.", "整个测试集上的增益为 3.2。", "3.2"),
        ("It does not need labels for training.", "它在训练时需要标签。", "drops a negation"),
        ("It works well with labels for training.", "它在训练时没有标签就无法工作。", "adds a negation"),
        ("It needs labels for training the network.", "它需要由 OpenAI 提供的训练标签。", "OpenAI"),
        ("It needs labels for training the network.", "它需要标签，见 https://evil.example/a 的说明。", "evil"),
        ("It needs labels for training the network.", "标签。", "length"),
    ],
)
def test_translations_that_say_something_else_are_refused(draft: str, translation: str, fault: str) -> None:
    assert fault in check_translation(draft, translation)


def test_terms_that_stay_are_names_of_methods_and_data_not_languages() -> None:
    assert locked_terms(SPEED) == ["NVIDIA", "A100s", "Stable", "Diffusion", "XL"]
    assert locked_terms("We train on German text of the WMT 2014 task.") == ["WMT"]
    assert locked_terms("DistriFusion: Distributed Parallel Inference in 3D", title=True) == ["DistriFusion", "3D"]
