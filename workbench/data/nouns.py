"""What a phrase of English names: its head noun, in the singular. Rules of thumb, not a grammar."""

from __future__ import annotations

import re

WORD = r"\b\w\w+\b"
"""A word as captions are read by: a run of two or more letters or digits, the default of scikit-learn's vectorisers."""
IRREGULAR = {
    "buses": "bus",
    "canoes": "canoe",
    "children": "child",
    "feet": "foot",
    "geese": "goose",
    "knives": "knife",
    "leaves": "leaf",
    "men": "man",
    "mice": "mouse",
    "people": "person",
    "shoes": "shoe",
    "teeth": "tooth",
    "toes": "toe",
    "wolves": "wolf",
    "women": "woman",
}
ALWAYS_PLURAL = re.compile(
    "binoculars|clothes|glasses|goggles|headphones|jeans|overalls|pajamas|pants|scissors|shorts|sunglasses|tights|trousers"
)
PREPOSITION = re.compile(
    "above|across|against|along|among|around|at|behind|below|beneath|beside|between|by|down|for|from|in|inside|into|near|"
    "next|off|on|onto|out|outside|over|through|to|toward|towards|under|up|wearing|while|who|with|without"
)
AMOUNT = re.compile(
    "amount|back|base|body|bottom|bucket|bunch|center|collection|corner|couple|crowd|edge|end|family|foot|front|group|"
    "handful|herd|hundred|jet|kind|line|lot|middle|mouthful|number|pack|pair|part|piece|pile|plenty|puddle|row|section|"
    "series|set|side|sort|spray|stack|stream|team|top|type|variety"
)
"""What stands before ``of`` without being meant: a group of people, the side of a road."""
NAMELESS = re.compile(
    "an?|all|another|any(?:one|thing)?|both|each|every(?:one|thing)|few|many|no|ones?|others?|several|some(?:one|thing)?|"
    "two|three|four|five|six|seven|eight|nine|ten|black|blue|brown|green|gr[ae]y|orange|pink|purple|red|white|yellow|"
    "he|hers?|hi[ms]|herself|himself|its?|itself|she|the|theirs?|them|themselves|these|they|things?|that|this|"
    "those|we|what|which|you"
)
"""Words that stand in for a noun without naming a thing; colours do so for clothes (in black)."""


def singular(word: str) -> str:
    """The singular of a noun in lower case; words that are no plural come back as they are."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if ALWAYS_PLURAL.fullmatch(word) or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "sses", "xes", "oes")):
        return word[:-2]
    return word[:-1]


def head_noun(phrase: str) -> str:
    """The noun a noun phrase is about: ``"a group of young men in hats"`` is about a ``"man"``.

    It is the last word before the first preposition; an amount or a part, such as a group or a side, gives way to what
    it is of.

    Returns:
        The noun in lower case and in the singular; empty where the phrase names no thing (``"the other one"``).
    """
    words = re.findall(r"[^\W_]+(?:[-'][^\W_]+)*", phrase.lower())
    first = next((place for place, word in enumerate(words) if place and PREPOSITION.fullmatch(word)), len(words))
    words = words[:first]
    while "of" in words:
        place = words.index("of")
        before = singular(words[place - 1]) if place else ""
        stands_back = not before or AMOUNT.fullmatch(before) or NAMELESS.fullmatch(before)
        words = words[place + 1 :] if stands_back else words[:place]
    head = words[-1].removesuffix("'s") if words else ""
    return "" if NAMELESS.fullmatch(head) or head.isdecimal() else singular(head)
