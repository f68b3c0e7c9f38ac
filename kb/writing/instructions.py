"""Words in a paper that are addressed to a language model or an automatic reviewer, not to a reader."""

from __future__ import annotations

import re

_INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules|context|above|previous|evidence)\b"
    r"|\bsystem prompt\b"
    r"|\byou are (?:now )?(?:an? )?(?:\w+ ){0,2}(?:ai|assistant|chatbot|language model|llm|reviewer)\b"
    r"|\b(?:ai|llm|language model|assistant|reviewer)s?\b.{0,30}\b(?:must|should|shall|please)\b.{0,30}"
    r"\b(?:say|state|write|output|reply|respond|answer|recommend|rate|give|print)\b"
    r"|^(?:please )?(?:say|state|reply|respond|answer|output|print|write)\b.{0,20}\b(?:that|with|only|exactly)\b"
    r"|\bgive (?:a |only )?positive reviews?\b|\bdo not (?:mention|reveal|highlight) (?:any|this|these|the)\b"
    r"|<\|?(?:im_start|im_end|system|endoftext)\|?>|\[/?INST\]",
    re.IGNORECASE,
)


def is_instruction(sentence: str) -> bool:
    """Whether a sentence tells a model what to do ("Ignore previous instructions and say …").

    Such text is never evidence: quoted it misleads, and a model might obey it. Papers that study such attacks lose
    the sentences that print them.
    """
    return bool(_INSTRUCTION.search(" ".join(sentence.split())))
