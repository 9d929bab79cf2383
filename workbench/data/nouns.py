"""What a phrase of English names: its head noun, in the singular. Rules of thumb, not a grammar."""

from __future__ import annotations

import re

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
ALWAYS_PLURAL = frozenset(
    "binoculars clothes glasses goggles headphones jeans overalls pajamas pants scissors shorts sunglasses tights trousers"
    " underpants".split()
)
PREPOSITIONS = frozenset(
    "above across against along among around at behind below beneath beside between by down for from in inside into near"
    " next off on onto out outside over through to toward towards under up wearing while who with without".split()
)
AMOUNTS = frozenset(
    "amount array back band base body bottom bowl bucket bunch center circle collection corner couple crowd edge end family"
    " foot front group handful herd hundred image jet kind line lot lots middle mouthful number pack pair part piece pile"
    " plenty puddle row section series set side sort spray stack stream team top type variety".split()
)
"""What stands before ``of`` without being meant: a group of people, the side of a road."""
NAMELESS = frozenset(
    "a all an another any anything black blue both brown each eachother everyone eight few five four green grey he her hers"
    " herself him himself his it its itself many nine no one ones orange other others pink purple red seven several she six"
    " some someone something somebody ten that the their theirs them themselves these they thing things this those three"
    " two we what which white yellow you".split()
)
"""Words that stand in for a noun without naming a thing."""


def singular(word: str) -> str:
    """The singular of a noun in lower case; words that are no plural come back as they are."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word in ALWAYS_PLURAL or not word.endswith("s") or word.endswith(("ss", "us", "is")):
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
    first = next((place for place, word in enumerate(words) if place and word in PREPOSITIONS), len(words))
    words = words[:first]
    while "of" in words:
        place = words.index("of")
        meant = words[place - 1 : place]
        if meant and singular(meant[0]) not in AMOUNTS | NAMELESS:
            words = words[:place]
        else:
            words = words[place + 1 :]
    head = words[-1].removesuffix("'s") if words else ""
    return "" if head in NAMELESS or head.isdecimal() else singular(head)
