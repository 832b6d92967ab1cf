"""Search: each word of the query is a prefix of a word of the task."""

import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from taskapi.tasks import search
from tests.helpers.client import Client
from tests.helpers.sql import execute
from tests.tasks.support import found, titles

FOUND = [
    ("water", "Water the plants"),
    ("wat", "Water the plants"),
    ("w", "Water the plants"),
    ("PLANTS", "Water the plants"),
    ("plants water", "Water the plants"),
    ("the pl wa", "Water the plants"),
    ("water water WATER", "Water the plants"),
    ("wat water", "Water the plants"),
    ("cafe", "Café"),
    ("café", "Cafe"),
    ("CAFE\u0301", "café"),
    ("café", "Cafe\u0301"),
    ("strasse", "Straße"),
    ("STRASS", "straße"),
    ("straße", "STRASSE"),
    ("ẞ", "ssl"),
    ("istanbul", "İstanbul"),
    ("İSTANBUL", "istanbul"),
    ("angstrom", "Ångström"),
    ("\u212bngström", "a\u030angstro\u0308m"),
    ("oe", "ŒUVRE oeuvre"),
    ("ﬁnal", "Final version"),
    ("final", "ﬁnal"),
    ("\uff46\uff55\uff4c\uff4c", "full width"),
    ("αθηνα", "Αθήνα"),
    ("ΑΘΉΝΑ", "αθήνα"),
    ("οδος", "ΟΔΟΣ"),
    ("οδοσ", "οδός"),
    ("\u041c\u041e\u0421\u041a\u0412", "москва"),
    ("елка", "Ёлка"),
    ("東京", "東京都"),
    ("ガ", "カ\u3099ス"),
    ("ｶﾞｽ", "ガス"),
    ("京", "東京都"),
    ("京都", "東京都"),
    ("参政権", "外国人参政権"),
    ("外国 権", "外国人参政権"),
    ("2026", "令和2026年"),
    ("年", "令和2026年"),
    ("和2026年", "令和2026年"),
    ("タワー", "東京タワー"),
    ("葛", "葛\U000e0100飾"),
    ("𠮷", "𠮷野家"),
    ("野家", "𠮷野家"),
    ("กรุงเทพ", "สวัสดีกรุงเทพมหานคร"),
    ("เทพ", "กรุงเทพมหานคร"),
    ("ວຽງຈັນ", "ນະຄອນຫຼວງວຽງຈັນ"),
    ("ភ្នំពេញ", "រាជធានីភ្នំពេញ"),
    ("ភ្នំពេញ", "ភ្នំ\u200bពេញ"),
    ("မြို့", "ရန်ကုန်မြို့"),
    ("कुत्ता", "काला कुत्ता"),
    ("क़लम", "\u0958लम"),
    ("lodz", "Łódź"),
    ("ŁÓDŹ", "lodz"),
    ("dakovo", "Đakovo"),
    ("smorrebrod", "Smørrebrød"),
    ("aether", "Æther"),
    ("thor", "Þór"),
    ("eidur", "Eiður"),
    ("diyarbakir", "Diyarbak\u0131r"),
    ("DİYARBAKIR", "diyarbak\u0131r"),
    ("محمد", "محـــمد"),
    ("محمد", "مُحَمَّد"),
    ("1", "1\ufe0f\u20e3 first"),
    ("soft", "so\u00adft"),
    ("한", "한국어"),
    ("שלום", "שָׁלוֹם"),
    ("हिन", "हिन्दी"),
    ("2026", "Taxes 2026"),
    ("20", "Taxes 2026"),
    ("007", "Agent 007"),
    ("٣", "٣٤"),
    ("3", "3rd"),
    ("☎", "☎ Bob"),
    ("✓", "done✓"),
    ("🎉", "Party🎉🎉"),
    ("👩‍🚀", "👩‍🚀 training"),
    ("❤️", "❤"),
    ("€", "100 €"),
    ("well known", "well-known"),
    ("known", "well_known"),
    ("d'ar", "d\u2019Artagnan"),
    ("example", "ann@example.org"),
    ("1 2", "½ cup 1/2"),
]
NOT_FOUND = [
    ("ater", "Water the plants"),
    ("plants dog", "Water the plants"),
    ("waterplants", "Water the plants"),
    ("watering", "Water the plants"),
    ("plants!x", "plants"),
    ("26", "Taxes 2026"),
    ("08", "8"),
    ("東都", "東京都"),
    ("カ", "ガス"),
    ("か", "がっこう"),
    ("ハ", "パリ"),
    ("कि", "की"),
    ("कता", "कुत्ता"),
    ("ข้าว", "ขาว"),
    ("한국", "일한국"),
    ("🎊", "🎉"),
    ("✓", "done"),
    ("й", "o"),
]

PUNCTUATION = [*"%_*\"':&|!()^@\\{}[]-+;?$~<>=,./#`", "<->", "*:", ";--", "&&", "')"]


def test_search_finds_words_of_all_scripts(ann: Client) -> None:
    texts = {text for _, text in FOUND}
    ann.post("tasks/bulk", {"create": [{"title": text} for text in texts]})

    results = {q: found(ann, q, "limit=100") for q, _ in FOUND}

    assert [(q, text) for q, text in FOUND if text not in results[q]] == []


@pytest.mark.one_database
@pytest.mark.parametrize(("q", "text"), FOUND, ids=ascii)
def test_search_matches_prefixes_of_words(ann: Client, q: str, text: str) -> None:
    ann.create_task(title=text)
    ann.create_task(title="...", description=text)

    assert set(found(ann, q)) == {text, "..."}


@pytest.mark.one_database
@pytest.mark.parametrize(("q", "text"), NOT_FOUND, ids=ascii)
def test_search_ignores_other_words(ann: Client, q: str, text: str) -> None:
    ann.create_task(title=text, description=text)

    assert found(ann, q) == []


def test_search_covers_title_and_description(ann: Client) -> None:
    ann.create_task(title="Water", description="the plants")
    ann.create_task(title="Water", description="the dog")
    ann.create_task(title="Repot", description="the plants")

    assert found(ann, "plants water") == ["Water"]


def test_search_does_not_join_title_and_description(ann: Client) -> None:
    ann.create_task(title="Tea", description="pot")

    assert found(ann, "teapot") == []


@pytest.mark.parametrize("q", PUNCTUATION)
def test_search_ignores_operators_of_the_databases(ann: Client, q: str) -> None:
    ann.create_task(title="Green tea", description="with lemon")
    forms = ["te{}", "tea {} lem", "tea{}green", "{}tea{}"]

    assert [found(ann, form.replace("{}", q)) for form in forms] == [["Green tea"]] * 4
    assert found(ann, f"tea {q} milk") == found(ann, f"{q}ea") == []


@pytest.mark.parametrize(
    "q",
    [
        "' OR 1=1 --",
        '" OR rowid > 0 --',
        '" OR words : tea',
        "milk OR tea",
        "title:tea",
        "NEAR(green tea, 2)",
        "tea NOT milk",
        "milk':* | 'tea",
        "%(q)s",
        ":q tea",
        "\\' | milk | tea",
    ],
)
def test_search_cannot_inject_into_the_query(ann: Client, bob: Client, q: str) -> None:
    ann.create_task(title="Green tea")
    bob.create_task(title="Milk or 1=1 title near not q rowid 0 words tea green 2")

    assert found(ann, q) == []


@pytest.mark.parametrize("operator", ["AND", "OR", "NOT", "NEAR", "and not"])
def test_search_treats_operator_names_as_words(ann: Client, operator: str) -> None:
    ann.create_task(title="Tea milk")
    ann.create_task(title=f"Tea {operator} milk")

    assert found(ann, f"tea {operator} milk") == [f"Tea {operator} milk"]
    assert found(ann, operator) == [f"Tea {operator} milk"]


@pytest.mark.parametrize("form", ["@{}", "{}", '"@{}"', "\uff20{}", "@{} tea", "tea@"])
def test_search_for_an_owner_prefix_finds_no_foreign_task(
    ann: Client, bob: Client, form: str
) -> None:
    bob.create_task(title="Tea")

    assert found(ann, form.format(bob.user["id"])) == []


def test_search_for_a_project_id_finds_only_the_number(ann: Client) -> None:
    number = ann.project_id
    ann.create_task(title="Tea")
    ann.create_task(title=f"Room {number}")

    assert found(ann, f"@{number}") == [f"Room {number}"]


@pytest.mark.parametrize("character", ["a", "é", "д", "\U0001d518"])
@pytest.mark.parametrize("length", [199, 200, 201, 10_000])
def test_search_finds_long_words(ann: Client, character: str, length: int) -> None:
    ann.create_task(title="long", description=character * length)
    ann.create_task(title="short", description=character * 20)

    assert found(ann, character * 199) == ["long"]
    assert found(ann, character * 20) == ["long", "short"]


def test_search_accepts_eight_words(ann: Client) -> None:
    symbols = "".join(chr(0x1F300 + number) for number in range(200))
    ann.create_task(title="all", description=symbols)
    ann.create_task(title="most", description=symbols[1:])

    assert found(ann, symbols[:8]) == ["all"]
    assert found(ann, " ".join(symbols[1:9] * 2)) == ["all", "most"]


@pytest.mark.parametrize(
    "description",
    [
        "\ufdfa" * 10_000,
        "".join(map(chr, range(0x20000, 0x20000 + 10_000))),
        " ".join(map(chr, range(0x4E00, 0x4E00 + 5000))),
        "".join(map(chr, range(0x2190, 0x2190 + 2000))),
        "a\n" * 5000,
    ],
    ids=["decomposes to many", "one word", "many words", "symbols", "lines"],
)
def test_search_covers_the_longest_description(ann: Client, description: str) -> None:
    ann.create_task(title="long", description=description)

    assert found(ann, description[:2]) == ["long"]


def change(ann: Client, task: dict[str, Any], **fields: Any) -> None:
    assert ann.patch(f"tasks/{task['id']}", fields).status_code == 200


def test_search_reflects_a_change_of_the_title(ann: Client) -> None:
    task = ann.create_task(title="Old", description="kept")

    change(ann, task, title="New")

    assert (found(ann, "new"), found(ann, "old")) == (["New"], [])
    assert found(ann, "new kept") == ["New"]


@pytest.mark.parametrize("after", ["fresh", "", None], ids=["other", "empty", "null"])
def test_search_reflects_a_change_of_the_description(
    ann: Client, after: str | None
) -> None:
    task = ann.create_task(title="Kept", description="stale")

    change(ann, task, description=after)

    assert found(ann, "stale") == []
    assert found(ann, f"kept {after or ''}") == ["Kept"]


def test_change_of_another_field_keeps_the_terms(ann: Client) -> None:
    task = ann.create_task(title="Kept", description="as it is")

    change(ann, task, status="completed", tags=["x"], external_id="y")

    assert found(ann, "kept is") == ["Kept"]
    assert found(ann, "x") == found(ann, "y") == []


def test_search_excludes_the_trash_by_default(ann: Client) -> None:
    deleted, _ = ann.create_task(title="Tea old"), ann.create_task(title="Tea kept")

    ann.delete(f"tasks/{deleted['id']}")

    assert found(ann, "tea") == ["Tea kept"]
    assert found(ann, "tea", "deleted=true") == ["Tea old"]


def test_search_finds_restored_but_not_deleted_tasks(ann: Client) -> None:
    back, deleted = ann.create_task(title="Tea back"), ann.create_task(title="Tea old")

    ann.delete(f"tasks/{back['id']}")
    ann.post(f"tasks/{back['id']}/restore")
    ann.delete(f"tasks/{deleted['id']}?permanent=true")

    assert found(ann, "tea") == ["Tea back"]
    assert found(ann, "tea", "deleted=true") == []


def test_search_finds_subtasks_and_bulk_tasks(ann: Client) -> None:
    ann.create_task(title="Party", subtasks=[{"title": "Cake for Ann"}])
    ann.post("tasks/bulk", {"create": [{"title": "Cake for Bob"}]})

    assert found(ann, "cake") == ["Cake for Ann", "Cake for Bob"]


def test_search_finds_no_tasks_of_other_users(ann: Client, bob: Client) -> None:
    ann.create_task(title="Secret of Ann")

    assert found(bob, "secret") == []
    assert titles(bob.get("tasks?q=secret&deleted=true")) == []


def test_index_terms_belong_to_one_project(ann: Client, bob: Client) -> None:
    ann.create_task(title="Tea 東京都 ✓", description="काला")
    bob.create_task(title="Tea 東京都 ✓", description="काला")
    stored = execute(ann.app, "SELECT project_id, CAST(terms AS TEXT) FROM tasks")

    for project_id, words in stored:
        terms = words.replace("'", "").split()
        assert terms
        assert all(term.startswith(f"{project_id}@") for term in terms)


def test_marks_include_all_unicode_marks() -> None:
    marks = {
        point
        for point in range(sys.maxunicode + 1)
        if unicodedata.category(chr(point)).startswith("M")
    }

    assert all(re.fullmatch(f"[{search.marks()}]", chr(point)) for point in marks)
    assert not re.search(f"[{search.marks()}]", "".join(_others(marks)))


def _others(points: set[int]) -> Iterator[str]:
    return (chr(n) for n in range(sys.maxunicode + 1) if n not in points)


def test_text_with_many_marks_is_normalized_up_to_thirty_in_a_row() -> None:
    mixed = "\u0301\u0323\u200d" * 5_000

    assert len(search.fold("क" + mixed)) == 1 + search.MAX_MARKS
