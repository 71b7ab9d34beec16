"""What can be set: which rules are off, and where each begins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

LANGUAGE_WORDS = ("majority", "off")
WEB_PRESETS = ("off", "gopher", "c4", "fineweb", "all")


@dataclass(frozen=True)
class QualityConfig:
    """Thresholds of the rules; every rule can be switched off by name."""

    off: tuple[str, ...] = ()
    """Rules that are not applied, by name: off = ["boilerplate", "unrelated"]."""
    length_tail: float = 0.01
    """A length is odd where so few texts have about the same, as a share of how many have about the median's."""
    min_words: int | None = None
    """Fewer words than this are too short; what is usual in the data decides when left out."""
    max_words: int | None = None
    """More words than this are too long; what is usual in the data decides when left out."""
    finished_share: float = 0.75
    """Share of the texts in prose that must end as sentences do before another end counts as cut off."""
    loop_times: int = 4
    """Times that a phrase must follow on itself to be a loop."""
    loop_share: float = 0.3
    """Share of the words that must stand in loops."""
    repeated_share: float = 0.4
    """Share of the runs of five words that stood before from which a text is repetitive."""
    echo_share: float = 0.9
    """Share of the runs of four words of an answer that stand in its prompt from which it is an echo."""
    language: str = "majority"
    """Language that texts should be in: majority, off, or a code such as "de"; no majority means no finding."""
    language_probability: float = 0.9
    """Probability of another language from which a text is marked."""
    language_characters: int = 240
    """Characters of a text that the language detector reads."""
    stock_prompts: int = 5
    """Different prompts under which one answer must stand to be a stock answer."""
    unrelated_rate: float = 0.02
    """An answer that takes up no word of its prompt is marked where at most this share of its like does so."""
    unrelated_below: float = 0.15
    """Where the pairs teach what belongs together: an answer is marked that looks less like one to its prompt than all
    but this share of the answers of other rows would. 0: learn nothing."""
    swap_margin: float = 0.25
    """How much better (0 to 1) a rejected answer must score to look swapped; a grave fault of the chosen is enough."""
    web: str = "off"
    """Published heuristics for pages of the web, for the text task: off, gopher, c4, fineweb or all."""
    bad_words: str | None = None
    """A text file with one word or phrase a line: what holds one is flagged, as C4 did with a public list. Any task."""

    def __post_init__(self) -> None:
        for name in ("length_tail", "finished_share", "loop_share", "repeated_share", "echo_share", "language_probability",
                     "unrelated_rate", "unrelated_below", "swap_margin"):  # fmt: skip
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie in 0..1")
        if self.loop_times < 3 or self.stock_prompts < 2 or self.language_characters < 20:
            raise ValueError("loop_times must be at least 3, stock_prompts at least 2, language_characters at least 20")
        if self.web not in WEB_PRESETS:
            raise ValueError(f"web must be one of {', '.join(WEB_PRESETS)}")

    def located(self, folder: Path) -> QualityConfig:
        """The same with an absolute path; a relative one that does not exist here is taken from `folder`."""
        if not self.bad_words:
            return self
        here = Path(self.bad_words)
        return replace(self, bad_words=str((here if here.is_absolute() or here.exists() else folder / here).resolve()))
