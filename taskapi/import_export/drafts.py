"""The tasks of a file before they are stored, and the trees that they form."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from taskapi.errors import FieldError, InvalidLines, ParentCycle, ParentTooDeep
from taskapi.import_export.formats import Locate, at_start
from taskapi.tasks.models import MAX_TREE_DEPTH

MAX_FIELD_ERRORS = 1_000
UNKNOWN = FieldError("No line of this file has this id.", "not-found")
CYCLE = FieldError(ParentCycle.message, ParentCycle.code)
DEEP = FieldError(ParentTooDeep.message, ParentTooDeep.code)


class Draft(NamedTuple):
    """A task of a file that was checked by itself, with its place in the file."""

    line: int
    fields: Mapping[str, Any]
    locate: Locate = at_start


class Tree:
    """The parents of tasks of a file, by their lines."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = {draft.line: draft for draft in drafts}

    def parents(self) -> dict[int, int | None]:
        """Return the line of the parent of each line; raises InvalidLines without."""
        drafts = self.drafts.values()
        lines = {d.fields["id"]: d.line for d in drafts if "id" in d.fields}
        wanted = {d.line: d.fields.get("parent_id") for d in drafts}
        self._reject(UNKNOWN, [n for n, up in wanted.items() if up and up not in lines])
        return {line: up and lines[up] for line, up in wanted.items()}

    def reject_bad_shapes(
        self, parents: Mapping[int, int | None], known: Mapping[int, int]
    ) -> None:
        """Walk down from the roots; a line that is not met is part of a cycle or below.

        `known` has the levels of the lines that exist already.
        """
        below: defaultdict[int, list[int]] = defaultdict(list)
        levels = dict(known)
        for line, parent in parents.items():
            if parent is None:
                levels.setdefault(line, 1)
            elif line not in known:
                below[parent].append(line)
        met = list(levels)
        for line in met:
            levels.update(dict.fromkeys(below[line], levels[line] + 1))
            met += below[line]
        self._reject(CYCLE, [line for line in parents if line not in levels])
        self._reject(DEEP, [n for n, level in levels.items() if level > MAX_TREE_DEPTH])

    def _reject(self, fault: FieldError, lines: Sequence[int]) -> None:
        if lines:
            path = ("parent_id",)
            named = {
                n: self.drafts[n].locate(path) for n in sorted(lines)[:MAX_FIELD_ERRORS]
            }
            raise InvalidLines(
                {(line, *path): [fault.at(column)] for line, column in named.items()}
            )
