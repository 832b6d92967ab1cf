"""Search terms: the form in which words and tags are compared.

Case is ignored, and so are accents in Latin, Greek, Cyrillic, Hebrew and Arabic. In
other scripts a mark is a part of the word: か is not が. The result is in composed form
(NFC), which keeps the voicing mark with its kana.

Each index term begins with the id of the project, so that a search reads the entries of
visible projects only, however many there are of others.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

MAX_TERM_LENGTH = 200
"""Length of the longest query; the rest of a longer word is not indexed."""

MAX_WORDS = 8
MAX_TERMS = 64
"""Limits of a search, since each term is looked up in the index."""

ACCENTED = (
    r"\u0020-\u02ff\u0370-\u0482\u048a-\u0590\u05be-\u060f\u061b-\u064a\u0671-\u06ff"
    r"\u0750-\u077f\u0870-\u08ff\u1c80-\u1c8f\u1d00-\u1dbf\u1e00-\u1fff\u2c60-\u2c7f"
    r"\ua640-\ua66e\ua680-\ua69d\ua720-\ua7ff\uab30-\uab6f"
)
"""Characters whose marks are accents; digits and ASCII symbols are among them."""

UNSPACED = (
    r"\u0e01-\u0e3a\u0e40-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf"
    r"\u1b00-\u1b7f\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3041-\u309f\u30a1-\u30fa"
    r"\u30fc-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua980-\ua9ff"
    r"\uaa60-\uaadf\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""Scripts written without spaces: Thai, Lao, Khmer, Myanmar, kana, Han and others."""

REPLACED = str.maketrans(
    {
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ø": "o",
        "\u0131": "i",
        "ħ": "h",
        "ŧ": "t",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
"""Characters that Unicode does not decompose."""

MARKED = (range(0x300, 0x1F000), range(0xE0100, 0xE01F0))
"""Code points of combining marks; a test compares them with Python's Unicode."""

MAX_MARKS = 30
"""Marks of one character that are kept, as in Unicode's stream-safe text format.

Normalization sorts them in a time that grows with the square of their number.
"""

IGNORED = (
    r"\u00ad\u034f\u061c\u0640\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u20dd-\u20e0\u20e2-\u20e4\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff"
)
"""Tatweel, variation selectors, enclosing marks and invisible characters."""


@cache
def marks() -> str:
    """Return the combining marks of Unicode as a character class.

    Computed on first use: it takes 0.03 s, and ASCII texts do not need it.
    """
    points = [n for span in MARKED for n in span]
    found = [n for n in points if unicodedata.category(chr(n)).startswith("M")]
    starts = [n for n in found if unicodedata.category(chr(n - 1))[0] != "M"]
    ends = [n for n in found if unicodedata.category(chr(n + 1))[0] != "M"]
    pairs = zip(starts, ends, strict=True)
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in pairs)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    mark = marks()
    return (
        re.compile(f"(?<=[{mark}]{{{MAX_MARKS}}})[{mark}]+"),
        re.compile(f"([{ACCENTED}])[{mark}]+"),
        re.compile(rf"[^\W_](?:[^\W_]|[{mark}])*|[^\x00-\x7f\w]"),
    )


def fold(text: str) -> str:
    """Return the text without case and accents."""
    if text.isascii():
        return text.casefold()
    excessive, accents, _ = _patterns()
    text = excessive.sub("", re.sub(f"[{IGNORED}]+", "", text))
    parts = unicodedata.normalize("NFKD", text.casefold())
    plain = accents.sub(r"\1", parts).translate(REPLACED)
    return unicodedata.normalize("NFC", plain.casefold())


def words_of(*texts: str | None) -> set[str]:
    """Return the words of texts: runs of letters, digits and marks, and symbols.

    A symbol such as ✓ is a word of its own.
    """
    words: set[str] = set()
    for text in filter(None, texts):
        folded = fold(text)
        if folded.isascii():
            words.update(re.findall(r"[^\W_]+", folded))
        else:
            words.update(filter(_is_word, re.findall(_patterns()[2], folded)))
    return words


def index_terms(project_id: int, *texts: str | None) -> str:
    """Return the index terms of a task of a project, separated by spaces.

    They are its words, and where a script has no spaces each pair of adjacent
    characters and the last one, so that any part of the text is found.
    """
    terms: set[str] = set()
    for part, is_unspaced in _parts(words_of(*texts)):
        terms.update(
            [*_pairs(part), part[-1]] if is_unspaced else [part[:MAX_TERM_LENGTH]]
        )
    prefix = f"{project_id}@"
    return prefix + f" {prefix}".join(sorted(terms)) if terms else ""


def query_terms(query: str) -> list[str]:
    """Return the prefixes of words that a task must have to match a search."""
    return _prefixes(words_of(query))


def is_too_long(query: str) -> bool:
    """Return whether a search exceeds the limits of words and terms."""
    words = words_of(query)
    return len(words) > MAX_WORDS or len(_prefixes(words)) > MAX_TERMS


def _prefixes(words: Iterable[str]) -> list[str]:
    """Return the prefixes that a search needs, without those that others imply."""
    found: set[str] = set()
    for part, is_unspaced in _parts(words):
        found.update(
            (_pairs(part) if is_unspaced else set()) or {part[:MAX_TERM_LENGTH]}
        )
    terms = sorted(found)
    following = zip(terms, [*terms[1:], ""], strict=True)
    return [term for term, after in following if not after.startswith(term)]


def _parts(words: Iterable[str]) -> Iterable[tuple[str, bool]]:
    """Yield the parts of words, and whether each is of a script without spaces."""
    for word in words:
        if word.isascii():
            yield word, False
            continue
        for part in re.findall(f"[{UNSPACED}]+|[^{UNSPACED}]+", word):
            yield part, re.match(f"[{UNSPACED}]", part) is not None


def _pairs(part: str) -> set[str]:
    return {part[n : n + 2] for n in range(len(part) - 1)}


def _is_word(run: str) -> bool:
    return run[0].isalnum() or unicodedata.category(run[0]).startswith("S")
