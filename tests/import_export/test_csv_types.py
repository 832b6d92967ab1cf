"""CSV cells are converted by the type of their field."""

from io import BytesIO

from taskapi.import_export.formats import CSV
from taskapi.import_export.lines import TextLines
from taskapi.import_export.parser import TaskParser
from taskapi.web.fields import Flag, Integer, Several, Text
from taskapi.web.schema import Schema


class ProbeSchema(Schema):
    text = Text(high=10)
    number = Integer(allow_none=True)
    flag = Flag()
    names = Several(Text(high=10))


def parse(table: str) -> dict[str, object]:
    text = TextLines(BytesIO(table.encode()))
    ((task,),) = TaskParser(ProbeSchema()).parse(text, CSV).values()
    return dict(task.fields)


def test_cells_have_the_types_of_their_fields() -> None:
    fields = parse('text,number,flag,names\n1,30,true,"a,b"\n')

    assert fields == {"text": "1", "number": 30, "flag": True, "names": ["a", "b"]}


def test_empty_cells_are_omitted() -> None:
    fields = parse("text,number,flag,names\n1,,,\n")

    assert fields == {"text": "1"}


def test_values_are_written_as_they_are_read() -> None:
    task = {"text": "1", "number": 0, "flag": False, "names": ["a", "b"]}

    table = CSV.header([*task]) + CSV.write([task])

    assert parse(table) == task
