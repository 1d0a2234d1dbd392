"""Which characters the shipped font covers: the list it was made from, and what a text has outside it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

SIGNS = "°±×÷–—‘’“”…≤≥−→←↑↓·•△▲▼●○◆◇■□★、。《》「」【】，：；？！（）％～＋－／"
CLINICAL = (
    "癫痫谵妄嘌呤嘧啶瘀癜疸痉挛肽胱苷酐醛酮酯萘氨酰胺嗜罹囊癌瘤髓髂胫腓腱膈谱氟喹"
    "诺唑霉哌嗪噻嗅觉麻痹瘫痪眩晕呕腹泻黏膜疱疹栓塞淤滞羟脲胍钠钾钙镁磷阈囟矩删率"
)


@cache
def characters() -> str:
    """Every character of the font, sorted: printable ASCII, our signs, GB2312 level 1 and clinical terms beyond it."""
    level_1 = (
        bytes([high, low]).decode("gb2312", errors="ignore") for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF)
    )
    return "".join(sorted({*map(chr, range(0x20, 0x7F)), *SIGNS, *CLINICAL, *(c for pair in level_1 for c in pair)}))


def uncovered(texts: Iterable[str]) -> str:
    """The Chinese characters of these texts that the shipped font lacks, sorted, each once."""
    have = set(characters())
    return "".join(sorted({ch for text in texts for ch in text if ord(ch) > 0x2E7F and ch not in have}))


if __name__ == "__main__":
    print(characters(), end="")
