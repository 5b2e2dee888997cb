"""The builder of documents: settings are added as a file is read, and the tree stays within its bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from driftd.model.document import Document, Node, ParseError, Problem, Scalar

MAX_DEPTH = 100
MAX_NODES = 200_000
MAX_PROBLEMS = 100


class Bounds:
    """What one document may cost; whoever makes a node counts it here."""

    def __init__(self) -> None:
        self._nodes = 0

    def count(self, depth: int, line: int | None) -> None:
        """Take note of one node; ParseError where the document becomes too deep or too large."""
        self._nodes += 1
        if depth > MAX_DEPTH:
            raise ParseError(f"nested deeper than {MAX_DEPTH} levels", line)
        if self._nodes > MAX_NODES:
            raise ParseError(f"more than {MAX_NODES} values", line)


class DocumentBuilder:
    """Collects what a parser reads in one file.

    A name that comes again makes a list that is flagged as repeated; `repeatable` names are one from the first time.
    `at` is a mapping that `section`, `block` or `row` returned; without it, names stand at the root.
    `table`: the root is a list of rows.
    """

    def __init__(self, path: str, format: str, *, untyped: bool = True, table: bool = False) -> None:
        self._document = Document(path, format, Node([] if table else {}, 1), untyped=untyped)
        self._table = table
        self._bounds = Bounds()
        self._depth: dict[int, int] = {id(self._document.root): 0}
        self._sections: dict[int, Node] = {}
        """Lists that hold a section among settings of its name -> that section."""
        self._unnamed_problems = 0

    @property
    def root(self) -> Node:
        """The mapping, or the list of rows, at the root."""
        return self._document.root

    def add(
        self,
        name: str,
        value: Scalar | list[str],
        line: int,
        *,
        at: Node | None = None,
        repeatable: bool = False,
        raw: str | None = None,
    ) -> None:
        """Put a value under a name; a second one under the same name makes both members of a list."""
        parent = at or self.root
        existing = _members(parent).get(name)
        self._insert(parent, name, self._value(value, line, self._depth[id(parent)] + 1, raw), repeatable=repeatable)
        if existing is not None and isinstance(existing.value, dict):
            self._both(parent, name, existing, line)

    def members(self, name: str, values: Iterable[tuple[str, int]], line: int, *, at: Node | None = None) -> None:
        """Put a list under a name whose members have lines of their own."""
        parent = at or self.root
        depth = self._depth[id(parent)] + 1
        self._bounds.count(depth, line)
        node = Node([], line)
        assert isinstance(node.value, list)
        for value, number in values:
            self._bounds.count(depth + 1, number)
            node.value.append(Node(value, number))
        self._insert(parent, name, node)

    def section(self, name: str, line: int, *, at: Node | None = None) -> Node:
        """Return the mapping under a name: the one that is there, else a new one."""
        parent = at or self.root
        existing = _members(parent).get(name)
        if existing is not None and isinstance(existing.value, dict):
            return existing
        if existing is not None and id(existing) in self._sections:
            return self._sections[id(existing)]
        node = self._mapping(parent, line, 1)
        self._insert(parent, name, node)
        if existing is not None:
            self._both(parent, name, node, line)
        return node

    def block(
        self, name: str, argument: str | None, line: int, *, at: Node | None = None, single: bool = False
    ) -> Node:
        """Return a new mapping in the list under a name; its argument is the member `@`.

        `single`: blocks of this name come once, so that the name holds the mapping itself.
        """
        parent = at or self.root
        node = self._mapping(parent, line, 1 if single else 2)
        self._insert(parent, name, node, repeatable=not single)
        if argument is not None:
            self.add("@", argument, line, at=node)
        return node

    def row(self, line: int) -> Node:
        """Return a new mapping at the end of a table."""
        rows = self.root.value
        assert isinstance(rows, list)
        node = self._mapping(self.root, line, 1)
        rows.append(node)
        return node

    def graft(self, name: str, node: Node, *, at: Node | None = None, repeatable: bool = False) -> None:
        """Put a value that is a tree itself under a name; whoever made it kept its depth within MAX_DEPTH."""
        parent = at or self.root
        top = self._depth[id(parent)] + 1
        for steps, part in node.walk():
            self._bounds.count(top + len(steps), part.line)
            if isinstance(part.value, dict):
                self._depth[id(part)] = top + len(steps)
        self._insert(parent, name, node, repeatable=repeatable)

    def graft_all(self, members: Mapping[str, Node]) -> None:
        """Put trees under their names, at the root."""
        for name, node in members.items():
            self.graft(name, node)

    def reset(self, name: str, line: int, *, at: Node | None = None) -> None:
        """Forget what stands under a name: an empty text marks the place, and what comes later follows it."""
        parent = at or self.root
        _members(parent).pop(name, None)
        self.add(name, "", line, at=parent, repeatable=True)

    def problem(self, line: int | None, message: str) -> None:
        """Note what could not be taken at its word; beyond a hundred, only how many more."""
        if len(self._document.problems) < MAX_PROBLEMS:
            self._document.problems.append(Problem(line, message))
        else:
            self._unnamed_problems += 1

    def unread(self, text: str, line: int, message: str, *, at: Node | None = None) -> None:
        """Note a line that the format does not know; it counts as it is written, as a name without a value.

        In a table it is a row of its own.
        """
        self.problem(line, message)
        self.add(" ".join(text.split()), None, line, at=at or (self.row(line) if self._table else None))

    def include(self, name: str) -> None:
        """Note a file, glob or directory that the document names."""
        self._document.includes.append(name)

    def done(self) -> Document:
        """Return what was read."""
        if self._unnamed_problems:
            self._document.problems.append(Problem(None, f"and {self._unnamed_problems} more"))
            self._unnamed_problems = 0
        return self._document

    def _both(self, parent: Node, name: str, section: Node, line: int) -> None:
        self._sections[id(_members(parent)[name])] = section
        self.problem(line, f"{name!r} is both a setting and a section; both are kept")

    def _value(self, value: Scalar | list[str], line: int, depth: int, raw: str | None) -> Node:
        self._bounds.count(depth, line)
        if not isinstance(value, list):
            return Node(value, line, raw=raw)
        for _ in value:
            self._bounds.count(depth + 1, line)
        return Node([Node(member, line) for member in value], line, raw=raw)

    def _mapping(self, parent: Node, line: int, levels: int) -> Node:
        node = Node({}, line)
        depth = self._depth[id(node)] = self._depth[id(parent)] + levels
        self._bounds.count(depth, line)
        return node

    def _insert(self, parent: Node, name: str, node: Node, *, repeatable: bool = False) -> None:
        if put(_members(parent), name, node, repeatable=repeatable):
            self._bounds.count(0, node.line)


def _members(node: Node) -> dict[str, Node]:
    assert isinstance(node.value, dict)
    return node.value


def put(members: dict[str, Node], name: str, node: Node, *, repeatable: bool = False) -> bool:
    """Put a value under a name, with what is there in a list; return whether that list was made for it."""
    existing = members.get(name)
    if existing is not None and isinstance(existing.value, list) and existing.repeated:
        existing.value.append(node)
        return False
    if existing is not None:
        members[name] = Node([existing, node], existing.line, repeated=True)
    else:
        members[name] = Node([node], node.line, repeated=True) if repeatable else node
    return existing is not None or repeatable
