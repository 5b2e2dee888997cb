"""Tables: what a row of the wrong length becomes, and when a file is no table at all."""

from __future__ import annotations

import pytest

from driftd.formats.families.columns import Table, parse_table
from driftd.formats.reading import read
from driftd.formats.registry import by_name
from driftd.model.document import ParseError

TABLE = Table(format="pairs", columns=("a", "b"), least=2)
QUOTED = Table(format="quoted", columns=("a", "b"), least=1, quotes=True)


def test_a_row_of_the_wrong_length_is_kept_and_is_a_problem() -> None:
    document = parse_table(b"1 2\n3\n4 5 6\n", "/x", TABLE)
    assert document.root.to_json() == [{"a": "1", "b": "2"}, {"a": "3"}, {"a": "4", "b": "5 6"}]
    assert [(problem.line, problem.message) for problem in document.problems] == [
        (2, "too few columns: 2 are expected"),
        (3, "too many columns: 2 are expected"),
    ]


def test_a_file_without_a_single_row_of_the_table_is_not_of_the_format() -> None:
    with pytest.raises(ParseError, match="no line has the columns of pairs") as caught:
        parse_table(b"# prose\n\none\ntwo\n", "/x", TABLE)
    assert caught.value.line == 3


def test_a_file_of_comments_is_an_empty_table() -> None:
    assert parse_table(b"# nothing\n", "/x", TABLE).root.to_json() == []


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (rb'"a b" c', {"a": "a b", "b": "c"}),
        (rb"'a \' b'", {"a": "a ' b"}),
        (rb'"not closed c', {"a": '"not', "b": "closed c"}),
        (rb'a "b c"', {"a": "a", "b": "b c"}),
        (rb'a "b" "c"', {"a": "a", "b": '"b" "c"'}),
    ],
)
def test_quotes_hold_a_column_together(line: bytes, row: dict[str, str]) -> None:
    assert parse_table(b"a b\n" + line, "/x", QUOTED).root.to_json() == [{"a": "a", "b": "b"}, row]


def test_white_space_between_columns_means_nothing_and_within_a_command_counts() -> None:
    parse = by_name("crontab").parse
    plain = parse(b"0 4 * * * root echo  a\n", "/x").root.to_json()
    assert parse(b"  0\t4 *  * *\troot   echo  a  \n", "/x").root.to_json() == plain
    assert parse(b"0 4 * * * root echo a\n", "/x").root.to_json() != plain


def test_a_line_that_is_commented_out_is_gone() -> None:
    reading = read(b"auth required pam_a.so\n#auth required pam_b.so\n", "/etc/pam.d/x")
    assert reading.document is not None
    assert reading.document.root.to_json() == [{"type": "auth", "control": "required", "module-path": "pam_a.so"}]


def test_both_spellings_of_an_include_in_sudoers_are_one_and_a_user_id_is_no_comment() -> None:
    parse = by_name("sudoers").parse
    assert parse(b"#include /a\n", "/x").root.to_json() == parse(b"@include /a\n", "/x").root.to_json()
    assert parse(b"#1000 ALL=ALL\n#comment\n", "/x").root.to_json() == [
        {"user": "#1000", "host": "ALL", "commands": "ALL"}
    ]


def test_a_bracket_that_is_not_closed_holds_no_columns_together() -> None:
    row = {"type": "auth", "control": "[success=1", "module-path": "pam_a.so"}
    assert by_name("pam").parse(b"auth [success=1 pam_a.so\n", "/x").root.to_json() == [row]
