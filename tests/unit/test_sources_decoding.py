"""Encodings: what was written is what is read, in whatever encoding; what cannot be told is not made up."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

import pytest

from kb.records import Failure, Found, Item, Notice
from kb.rendering.reasons import sentence
from kb.sources.decoding import decode
from kb.sources.formats import reader_for

CHINESE = (
    "基于深度学习的图像识别研究综述",
    "中国城市化进程中的土地利用变化分析",
    "水稻产量性状的遗传分析",
    "红楼梦人物关系网络研究",
)
TAIWANESE = (
    "基於深度學習的影像辨識研究",
    "臺灣高等教育擴張與社會流動之研究",
    "網路謠言傳播行為模式之實證研究",
    "兩岸關係",
)
JAPANESE = (
    "深層学習を用いた画像認識に関する研究",
    "日本語話し言葉コーパスの設計と実装",
    "ニューラルネットワークの学習理論",
)
KOREAN = ("딥러닝을 이용한 영상 인식에 관한 연구", "고령화 사회의 복지 정책 연구", "한국어 형태소 분석기의 성능 비교")
FRENCH = ("Étude de l'évolution des réseaux électriques", "Le cœur et l’œuvre – essai", "Où en sont les études ?")
GERMAN = ("Über die Größe der Städte", "Müller", "Die “Öffnung” der Märkte – ein Rückblick")
SPANISH = ("Señales débiles en España", "El Niño", "Función de transferencia")
RUSSIAN = ("Исследование диффузионных моделей", "Теория вероятностей и математическая статистика")
CODES = (
    ("gb18030", "GB18030", CHINESE), ("gbk", "GB18030", CHINESE), ("big5", "Big5", TAIWANESE),
    ("shift_jis", "Shift-JIS", JAPANESE), ("euc_jp", "EUC-JP", JAPANESE), ("cp949", "EUC-KR", KOREAN),
    ("cp1252", "Windows-1252", FRENCH), ("cp1252", "Windows-1252", GERMAN), ("latin-1", "Windows-1252", SPANISH),
    ("cp1251", "Windows-1251", RUSSIAN),
)  # fmt: skip
ONE_BY_ONE = [(code, name, title) for code, name, titles in CODES for title in titles]


def bib(*titles: str) -> str:
    return "".join(
        f"@article{{k{n},\n  title = {{{title}}},\n  year = {{2020}}\n}}\n" for n, title in enumerate(titles)
    )


def written(*titles: str, ending: str) -> str:
    """A file of these titles in a format."""
    if ending == "bib":
        return bib(*titles)
    if ending == "ris":
        return "".join(f"TY  - JOUR\nTI  - {title}\nER  - \n" for title in titles)
    if ending == "nbib":
        return "".join(f"PMID- {n + 1}\nTI  - {title}\n\n" for n, title in enumerate(titles))
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerows([("Key", "Item Type", "Title"), *((f"K{n}", "book", title) for n, title in enumerate(titles))])
    return stream.getvalue()


def read(path: Path, data: bytes) -> list[Found]:
    path.write_bytes(data)
    format_ = reader_for(path, named=True)
    assert format_ is not None
    return list(format_.read(path, max_bytes=60_000_000))


def titles_of(things: list[Found]) -> list[str | None]:
    return [thing.metadata.title for thing in things if isinstance(thing, Item) and thing.metadata]


@pytest.mark.parametrize(("code", "name", "title"), ONE_BY_ONE, ids=lambda value: str(value)[:20])
def test_one_entry_is_enough_to_tell_the_encoding(code: str, name: str, title: str) -> None:
    text = bib(title)
    found = decode(text.encode(code))
    assert found is not None
    assert (found.text, found.assumed, found.lines) == (text, name, None)


@pytest.mark.parametrize("ending", ["bib", "ris", "nbib", "csv"])
@pytest.mark.parametrize(("code", "name", "titles"), CODES, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("times", [1, 200])
def test_every_format_is_read_in_every_encoding_and_says_which_was_assumed(
    tmp_path: Path, ending: str, code: str, name: str, titles: tuple[str, ...], times: int
) -> None:
    things = read(tmp_path / f"refs.{ending}", written(*titles * times, ending=ending).encode(code))
    assert titles_of(things) == [*titles * times]
    [notice] = [thing for thing in things if isinstance(thing, Notice)]
    assert (notice.what, notice.why.values) == (str(tmp_path / f"refs.{ending}"), {"encoding": name})
    assert f"read as {name}: save it as UTF-8" in sentence(notice.why)


@pytest.mark.parametrize("ending", ["bib", "ris", "nbib", "csv"])
@pytest.mark.parametrize("titles", [CHINESE, JAPANESE, GERMAN])
@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_utf8_and_what_a_byte_order_mark_says_is_not_assumed(
    tmp_path: Path, ending: str, titles: tuple[str, ...], code: str
) -> None:
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    things = read(tmp_path / f"refs.{ending}", marks.get(code, b"") + written(*titles, ending=ending).encode(code))
    assert titles_of(things) == [*titles]
    assert not any(isinstance(thing, Notice) for thing in things)


def test_an_encoding_that_the_file_states_is_not_assumed() -> None:
    text = "% Encoding: GBK\n" + bib("石墨烯", "陈曦")
    found = decode(text.encode("gbk"))
    assert found is not None
    assert (found.text, found.assumed) == (text, None)


@pytest.mark.parametrize("ending", ["bib", "ris", "nbib", "csv"])
@pytest.mark.parametrize("title", ["陈曦", "논문"])
def test_a_file_whose_encoding_cannot_be_told_is_not_read_and_says_so(tmp_path: Path, ending: str, title: str) -> None:
    [failure] = read(
        tmp_path / f"refs.{ending}", written(title, ending=ending).encode("cp949" if title == "논문" else "gbk")
    )
    assert isinstance(failure, Failure)
    assert (failure.code, failure.reason.endswith("save it as UTF-8 and add it again")) == ("file-unreadable", True)


@pytest.mark.parametrize(("code", "titles"), [("cp1252", FRENCH), ("gbk", CHINESE), ("shift_jis", JAPANESE)])
def test_a_file_put_together_from_two_encodings_is_read_line_by_line(code: str, titles: tuple[str, ...]) -> None:
    first, second = bib(*titles), bib(*titles)
    found = decode(first.encode() + second.encode(code))
    assert found is not None
    assert found.text == first + second
    assert found.lines == sum(not line.isascii() for line in second.splitlines())


@pytest.mark.parametrize(("code", "titles"), [("cp1252", GERMAN), ("gbk", CHINESE), ("shift_jis", JAPANESE)])
@pytest.mark.parametrize("end", [" ", "\r", "\r\n"])
def test_long_lines_and_other_ends_of_lines_change_nothing(code: str, titles: tuple[str, ...], end: str) -> None:
    text = bib(*titles * 300).replace("\n", end)
    found = decode(text.encode(code))
    assert found is not None
    assert found.text == text


def test_bytes_that_are_no_text_are_not_taken_for_one() -> None:
    assert decode(bytes(range(0x80, 0x100)) * 20) is None
    assert decode(b"title = {\x81\x8d\x9d\xff\x00\xfe}") is None


@pytest.mark.parametrize("code", ["gb18030", "big5", "shift_jis", "latin-1", "utf-16", "utf-8"])
def test_a_list_of_ids_is_read_whatever_its_remarks_are_written_in(tmp_path: Path, code: str) -> None:
    remark = {"latin-1": "gelesen für später", "big5": "影像辨識", "shift_jis": "画像認識"}.get(code, "图像识别")
    things = read(tmp_path / "ids.txt", f"2402.19481 # {remark}\n# {remark}\n1706.03762\n".encode(code))
    assert [thing.what for thing in things] == ["2402.19481", "1706.03762"]
