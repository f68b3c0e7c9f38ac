"""Words in a paper that are addressed to a language model or an automatic reviewer, not to a reader."""

from __future__ import annotations

import re

_MACHINE = r"(?:ai|llms?|(?:large )?language models?|assistants?|chatbots?|(?:ai|llm) reviewers?)"
_SAY = (
    r"(?:say|state|write|output|reply|respond|answer|recommend|rate|give|print|praise|include|mention|report|claim|act)"
)
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules|guidelines)\b"
    r"|\b(?:ignore|disregard|forget) (?:all|everything|the (?:text|evidence|context)) (?:above|before|previous)"
    r"|\bsystem prompt\b"
    rf"|\byou are (?:now )?(?:an? )?(?:\w+ ){{0,2}}{_MACHINE}\b"
    rf"|\byou (?:must|should|will|shall) (?:now |always |only |not )*{_SAY}\b"
    rf"|\b{_MACHINE}\b.{{0,30}}\b(?:must|should|shall|please)\b.{{0,30}}\b{_SAY}\b"
    rf"|\bas an? {_MACHINE},? (?:you|i)\b|\bnote to {_MACHINE}\b|\b(?:ai|llm) (?:reviewers?|assistants?):"
    r"|^(?:please )?(?:say|state|reply|respond|answer|output|print|write)\b.{0,20}\b(?:that|with|only|exactly)\b"
    r"|\b(?:give|write) (?:a |only )?(?:positive|favou?rable) reviews?\b"
    r"|\bdo not (?:mention|reveal|highlight) (?:any|this|these|the|negatives?|weakness\w*)\b"
    r"|</?(?:system|user|assistant|evidence|passages|statements|instructions?)>|<\|?(?:im_start|im_end|system|endoftext)\|?>"
    r"|\[/?INST\]"
    r"|(?:忽略|无视|忘记).{0,12}(?:指令|指示|提示|上文|以上)|你是一?个?(?:人工智能|语言模型|助手)",
    re.IGNORECASE,
)
_LEFT_OUT = "(left out: it is addressed to a machine)"


def is_order(text: str) -> bool:
    """Whether a sentence tells a model what to do ("Ignore previous instructions and say …").

    A model that obeys what it reads must not be shown it. Papers that study such attacks lose, before a model, the
    sentences that print them; people are shown all.
    """
    return _ORDER.search(" ".join(text.split())) is not None


def as_data(text: str) -> str:
    """A text on one line that cannot open or end a block of a prompt."""
    return re.sub(r"[<>](?=\s*/?\s*[A-Za-z])", " ", " ".join(text.split()))


def shielded(text: str) -> str:
    """A sentence of a paper as a model may be shown it: as data, and no order."""
    return _LEFT_OUT if is_order(text) else as_data(text)
