"""Phrases by which authors announce what a sentence is for: a proposal, a past problem, a result, its worth.

They complement the roles of ``rhetoric``: a role says what part of a paper a sentence sounds like, a cue that it says
something particular. Each pattern was read on abstracts of many fields of computer science, none on a single paper.
"""

from __future__ import annotations

import re
from typing import Literal

from kb.literals import NUMBER_WORDS
from kb.structure import POINTER
from kb.text import HAN, is_order

Cue = Literal[
    "proposal",
    "own work",
    "problem",
    "contrast",
    "past work",
    "result",
    "better",
    "figures",
    "significance",
    "innovation",
    "workload",
    "availability",
    "instruction",
    "pointer",
    "dangling",
    "unanchored",
    "effort",
    "addition",
    "roadmap",
    "others",
    "outlook",
]

_AMOUNT = rf"(?:\d[\d,.]*|{'|'.join(NUMBER_WORDS)})"
_PATTERNS: dict[Cue, str] = {
    "proposal": (
        r"\b(?:we|this (?:paper|work|article|study|survey|thesis|letter|report)|(?:the|our) (?:present )?"
        r"(?:paper|study|work))\b,? (?:(?:\w+ly|also|then|first|here|thus|hence|therefore|next|aim to|seek to) ){0,2}"
        r"(?:propos|present|introduc|develop|describ|design|devis|formulat|put forward|contribut|advocat|offers?\b"
        r"|surveys?\b|review|releas|construct|creat|investigat|stud(?:y|ies)\b|explor|examin|address|tackl|provid|build"
        r"|revisit|rethink|extend|adapt|establish|conduct|focus|analy[sz]|quantif|argue|present)"
        r"(?!\w* (?:the |our )?(?:\w+ ){0,2}?(?:results?|scores|statistics|examples?|numbers) (?:of|for|on|in)\b)"
        r"|\b(?:motivat|inspir|prompt|lead)(?:e|es|s|ed) us to\b"
        r"|\bin this (?:paper|work|article|study)\b[^.;]{0,80}?\bwe\b"
        r"|\b(?:is|are) (?:proposed|presented|introduced)\b|\bhere,? we\b|\b(?:we|and) propose\b"
    ),
    "own work": r"\b(?:we|our|ours|this (?:paper|work|article|study)|the proposed)\b",
    "problem": (
        r"\b(?:suffer|struggl|fail(?:s|ed|ing|ure)?\b|lack(?:s|ed|ing)?\b|cannot\b|unable|ignor|overlook|neglect|hinder"
        r"|hamper|limit(?:s|ed|ing|ation|ations)\b|costly|expensive|prohibitiv|time-consuming|labor-intensive"
        r"|inefficien"
        r"|insufficient|challeng|difficult|scarc|bottleneck|degrad|prone to|inaccura|unreliable|unclear|unexplored"
        r"|under-?explored|underexplored|little (?:is known|attention|work)|(?:might|may) not\b|not (?:been|yet|well"
        r"|fully|directly)\b"
        r"|rel(?:y|ies) (?:heavily |solely |primarily |only )?on|problematic|remains?\b|shortcoming|drawback"
        r"|artifacts?\b"
        r"|poor(?:ly)?\b|loses?\b|overhead|impractical|inconsisten|mismatch|hallucinat|unwanted|vulnerab|spurious"
        r"|biased)"
    ),
    "contrast": (
        r"^(?:however|yet|but|unfortunately|nevertheless|nonetheless|despite|although|though|while|still|whereas)\b"
    ),
    "past work": (
        r"^(?:\W*[\w-]+\W+){0,6}?(?:existing|previous|prior|current|conventional|traditional|recent|past|most"
        r"|prevailing|these|classical)"
        r" (?:\w+[- ]){0,3}?(?:methods?|approach(?:es)?|models?|works?|techniques?|systems?|solutions?|studies"
        r"|algorithms?|benchmarks?|datasets?|research|efforts?|detectors?|frameworks?|pipelines?)\b"
    ),
    "result": (
        r"\b(?:outperform|surpass|(?:new|achiev\w*|establish\w*|beat\w*|match\w*|over|than|with|to)\b[^.;,]{0,30}"
        r" state[- ]of[- ]the[- ]art|state[- ]of[- ]the[- ]art (?:results?|performance|accuracy|scores?)"
        r"|achiev|improv|exceed|speed-?ups?\b|faster|reduc(?:es|ed"
        r"|ing)\b"
        r"|gains?\b|results? (?:show|indicate|demonstrate|suggest|reveal|confirm)|experiments? (?:\w+ ){0,6}?(?:show"
        r"|demonstrat|indicat|confirm|reveal|validat)|experimental results|we (?:find|found|show|observe"
        r"|demonstrate) that"
        r"|(?:is|are|was|were) (?:\w+ )?(?:better|superior|comparable|competitive)|evaluations? (?:show|demonstrat|on)"
        r"|demonstrates? (?:the|that|its|strong|superior|significant)|ranked? (?:first|second|third)"
        r"|accuracy of|score of|higher than|lower than|compared (?:to|with) )"
    ),
    "better": (
        r"\b(?:outperform|surpass|exceed|superior|state[- ]of[- ]the[- ]art|SOTA|improv|speed-?ups?\b|faster"
        r"|competitive"
        r"|comparable|on par|effectiveness|(?:better|higher|lower|stronger|best) |achiev(?:es|ed|ing)?\b|match(?:es"
        r"|ing)\b)"
    ),
    "figures": (
        r"\d(?:[\d.,]*\d)?\s*(?:\\?%|\$?\\times|×|x\b|-?fold\b|percent|points?\b|times\b|pp\b|dB\b|ms\b|fps\b|FPS\b"
        r"|BLEU|F1)"
        r"|\b(?:accuracy|BLEU|F1|F-score|ROUGE|AUC|mAP|FID|IoU|perplexity|PSNR|SSIM|WER|error|score|precision|recall"
        r"|AP)"
        r"\b[^.;]{0,40}?(?<![@\w.])(?:\d+\.\d|\d\d\b)"
    ),
    "significance": (
        r"\b(?:we hope|pav(?:e|es|ing) the way|potential\b|implications?|open(?:s|ing)? (?:up|new|the)|insights?"
        r"|demonstrat\w+ the (?:\w+ )?(?:effectiveness|potential|feasibility|importance|value|utility|viability"
        r"|promise)"
        r"|effectiveness of|(?<!not able to )(?<!unable to )(?<!fails to )(?<!fail to )(?<!not )"
        r"generali[sz](?:es|e|ation|able|ability)\b"
        r"|practical\b|real-world|foundation for|step toward"
        r"|future (?:work|research|directions?)|can be (?:\w+ )?(?:used|applied|integrated|extended|combined)"
        r"|enabl(?:e|es|ing)|facilitat|valuable|promising|robust(?:ness)?\b|versatil|scal(?:es|able|ability)\b"
        r"|important"
        r" (?:step|role)|contribut(?:es|e|ing) to|benefit)"
    ),
    "innovation": (
        r"\b(?:novel(?:ty)? (?!categor|class|views?\b|object|concept|scene|instance|item|word|domain|entit"
        r"|environment|task)|first (?:to|work|study|method|approach|large|learning|dataset|benchmark|systematic|time"
        r"|ever"
        r"|framework|model|attempt)|the first\b|new\b(?! state| sota)"
        r"|(?:unlike|in contrast to|contrary to|different from|instead of)"
        r" (?:(?:all|most|many|the|other|these|those|any) )*(?:existing|prior|previous|current|earlier|past"
        r"|recent|other|traditional|conventional|standard|typical|classical|common)"
        r"|key (?:idea|insight|innovation"
        r"|contribution)|our (?:main |key )?contributions?|innovat|rethink|never been)"
    ),
    "workload": (
        r"\b(?:(?:extensive|comprehensive|thorough|large-scale|systematic|rigorous"
        r"|in-depth) (?:\w+ ){0,2}?(?:experiments?"
        r"|evaluations?|stud(?:y|ies)|analys[ei]s|comparisons?|benchmark\w*|ablations?|empirical)"
        r"|(?:multiple|several|various|diverse|many) (?:[\w-]+ ){0,2}?(?:datasets|benchmarks|languages|baselines"
        r"|domains)\b"
        rf"|(?<!these )(?<!those )(?<!the )(?<!per ){_AMOUNT} (?:[\w-]+ ){{0,3}}?"
        r"(?:datasets?|benchmarks?|tasks|languages|baselines|participants|annotators"
        r"|domains|scenarios|subjects|volunteers|experts|hours|images|videos|sentences|documents|papers|questions"
        r"|samples(?! per)"
        r"|examples|dialogues|utterances|tweets|pairs|annotations|trajectories|tables|queries|patients|scans)\b"
        r"|\d[\d,.]* ?[KMB]?\s(?:GPU|TPU|GPUs|TPUs)\b|\bGPU[- ](?:hours|days)|trained (?:\w+ ){0,3}(?:for|on) \d"
        r"|lines of code|million parameters|billion parameters|[\d.]+[MB] parameters|training (?:took|takes))"
    ),
    # What costs somebody work: to be told beside an amount.
    "effort": (
        r"\b(?:collect|annotat|label(?:l?ed|ing)|train(?:ed|ing)?\b|evaluat|experiment|conduct|compar(?:e|ed|ing|isons?)\b"
        r"|test(?:ed|ing)?\b|sampl(?:e|ed|ing)\b|recruit|crawl|implement|interview|survey|measur|spent|took|takes|requir"
        r"|hours?\b|days?\b|GPUs?\b|TPUs?\b|parameters\b|consist|contain|compris|includ|cover|gather|curat|review|edit"
        r"|process|obtain|build|construct|creat|releas|publish|run\b|ran\b|study|studies)"
    ),
    "availability": (
        r"\b(?:codes?|data|datasets?|models?|implementations?|demos?|benchmarks?|weights|checkpoints|source|project"
        r"(?: page| website)?|website|resources?|scripts?|software|library|toolkit|page|videos?|results)\b[^.]{0,100}?"
        r"(?:\b(?:public(?:ly)?|freely|openly|online|will be|be made|are|is)(?: made)? (?:available|released?"
        r"|accessible"
        r"|provided) (?:at|on|in|from|upon|under|via|online|here|for download|to the)|\b(?:publicly|freely|openly"
        r"|made|be)"
        r" (?:available|accessible|released?)|\bopen[- ]?sourced?\b|\bbe found\b|\bavailable (?:at|online)\b|https?://)"
        r"|\b(?:we|will) (?:\w+ ){0,3}?(?:release|open-source|make (?:\w+ ){1,4}?(?:publicly )?available)"
        r"|https?://(?:www\.)?(?:github|gitlab|huggingface)"
    ),
    "pointer": (
        rf"\b{POINTER}\s*[~ ]?\(?(?:\d|[A-Z]\b|[IVX]+\b)"
        r"|\b(?:Figure|Table|Section)\s*\S?$|\b(?:TABREF|FIGREF|SECREF|EQREF|INLINEFORM|DISPLAYFORM|BIBREF)\d*"
        r"|\b(?:above|below|following)\s*(?:figure|table|equation)|as follows\b|\bfollows:|:$|\b(?:rows?|columns?"
        r"|lines?) \([A-Z\d]"
    ),
    # What a paper says about its own layout, not about its subject.
    "roadmap": (
        r"\bwe\b[^.]*\(§|\bin (?:this|the (?:following|next|previous|remaining|above)) (?:(?:sub)?sections?"
        r"|paragraphs?)\b"
        r"|\bin the following\b"
        r"|\bthe (?:rest|remainder) of th(?:e|is) (?:paper|section)\b|\b(?:in|to|see) (?:the |our )?(?:appendi"
        r"|supplement)"
        r"|^Sections? (?:\S+ )(?:(?:of|in) (?:the|this) paper )?(?:discuss|describ|present|review"
        r"|conclud|giv|introduc|explain)"
        r"|\bis organi[sz]ed as\b|\bwe (?:now|next|first|briefly|then) (?:\w+ )?(?:describe|discuss|present"
        r"|summari[sz]e|review"
        r"|outline|turn|explain|show how)\b|\b(?:described|discussed|detailed|defined"
        r"|explained) (?:in detail )?(?:above|below|later)\b"
        r"|\bwe (?:discuss|describe|explain) how\b|\bwe refer (?:the )?(?:interested )?readers?\b|\bdetails (?:are"
        r"|can be|is)\b"
    ),
    # Work of others as the subject: "Smith et al. (2018) report …". Never a result of this paper.
    "others": (
        r"^(?:[^,.]{0,40}, )?[A-Z][\w'’-]+(?: (?:and|&) [A-Z][\w'’-]+| et al\.?,?)?,? ?[\[(](?:\d{4}|\d{1,3}[\],])"
    ),
    "outlook": (
        r"\b(?:(?:in|for|as|to) (?:the )?future (?:work|research|studies)|future work|we (?:plan|leave|intend"
        r"|would like)"
        r"|we also plan|remains? (?:for|to be))\b"
    ),
    "addition": r"\b(?:further|also|additionally|furthermore|moreover|in addition|besides|finally|lastly)\b",
    # What only the sentence before explains: "It also exceeds …", "These lead to …". "This paper" needs none.
    "unanchored": (
        r"^(?:(?:however|moreover|furthermore|additionally|also|in addition|thus|therefore|hence|then|yet|but|here"
        r"|as a result|consequently),? )?"
        r"(?!this (?:paper|work|article|study|survey|thesis|report|letter)\b)"
        r"(?!it (?:is|was|has been|remains|can be) (?:\w+ ){0,2}?(?:known|important|difficult|hard|challenging|crucial"
        r"|common|possible|necessary|essential|clear|unclear|desirable|expensive|costly)\b)"
        r"(?:it|its|they|their|them|this|these|those|such|he|she|both|another|the (?:former|latter|same|above)"
        r"|(?:all|most|some|many|each|both|none|neither) of (?:them|these|those|which)"
        r"|the (?:first|second|third|last) (?:is|one|two|three|line|row|column|pass|step))\b"
        r"|\b(?:she|he|her|his|him)\b"  # a person of a scenario
    ),
    "dangling": (
        r"^(?:this|these|those|it|they|such|thus|therefore|hence|then|also|moreover|furthermore|additionally"
        r"|in addition"
        r"|similarly|likewise|finally|second|third|secondly|thirdly|lastly|here|there|for example|for instance|in this"
        r" (?:case|way|setting)|instead|otherwise|meanwhile|consequently|as a result|accordingly|in particular|however"
        r"|on the other hand|conversely|specifically|note that|that is|one|another|both|the (?:former|latter|same)"
        r"|the (?:first|second|third|last) (?:is|one|line|row|column))\b"
    ),
}
_CASED: frozenset[Cue] = frozenset({"pointer", "others"})
_COMPILED: dict[Cue, re.Pattern[str]] = {
    name: re.compile(pattern, 0 if name in _CASED else re.IGNORECASE) for name, pattern in _PATTERNS.items()
}


# The plainest of the same in Chinese, where words have no borders.
_CHINESE: dict[Cue, re.Pattern[str]] = {
    "proposal": re.compile(
        r"(?:本文|我们|本研究|该文)[^，。]{0,12}?(?:提出|介绍|设计|构建|研究|探讨|开发|建立|发布)|提出了?一种"
    ),
    "own work": re.compile(r"本文|我们|本研究|所提"),
    "problem": re.compile(r"不足|困难|挑战|缺乏|难以|受限|局限|无法|忽略|忽视|昂贵|低效|瓶颈"),
    "contrast": re.compile(r"^(?:然而|但是|但|尽管|虽然)"),
    "past work": re.compile(r"(?:现有|以往|传统|已有|先前|目前)的?[^，。]{0,6}?(?:方法|模型|工作|研究|系统|技术|算法)"),
    "result": re.compile(
        r"(?:实验|结果|评估)[^，。]{0,8}?(?:表明|显示|证明|说明)|优于|提高了?|提升了?|达到了?|超过了?|降低了?"
    ),
    "better": re.compile(r"优于|提高|提升|超过|领先|最先进|更[高好快优]"),
    "figures": re.compile(r"\d+(?:\.\d+)?\s*(?:[%％倍]|个百分点|分)"),
    "innovation": re.compile(r"新的|新颖|首次|首个|创新|新方法"),
    "significance": re.compile(r"意义|有助于|为[^，。]{1,20}?提供|应用前景|推广"),
}  # fmt: skip


def cues(sentence: str) -> frozenset[Cue]:
    """All cues of a sentence."""
    found: set[Cue] = {name for name, pattern in _COMPILED.items() if pattern.search(sentence)}
    if not sentence.isascii() and re.search(f"[{HAN}]", sentence):
        found |= {name for name, pattern in _CHINESE.items() if pattern.search(sentence)}
    if is_order(sentence):
        found.add("instruction")
    return frozenset(found)
