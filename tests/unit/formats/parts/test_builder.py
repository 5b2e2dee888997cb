"""The builder: repeated names, sections, blocks, resets."""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder


def test_a_name_that_comes_again_becomes_a_repeated_list_at_the_first_line() -> None:
    builder = DocumentBuilder("/x", "ini")
    builder.add("a", "1", 3)
    builder.add("a", "2", 5)
    node = builder.done().root.at(("a",))
    assert node is not None
    assert (node.to_json(), node.repeated, node.line) == (["1", "2"], True, 3)


def test_a_repeatable_name_is_a_list_from_the_first_time() -> None:
    builder = DocumentBuilder("/x", "ini")
    builder.add("a", "1", 3, repeatable=True)
    node = builder.done().root.at(("a",))
    assert node is not None
    assert (node.to_json(), node.repeated) == (["1"], True)


def test_a_setting_and_a_section_of_one_name_are_both_kept_in_either_order() -> None:
    for section_first in (False, True):
        builder = DocumentBuilder("/x", "ini")
        if section_first:
            builder.add("k", "v", 1, at=builder.section("a", 1))
            builder.add("a", "1", 2)
        else:
            builder.add("a", "1", 1)
            builder.add("k", "v", 2, at=builder.section("a", 2))
        builder.add("l", "w", 3, at=builder.section("a", 3))
        document = builder.done()
        both = [{"k": "v", "l": "w"}, "1"]
        assert document.root.to_json() == {"a": both if section_first else both[::-1]}
        assert [problem.line for problem in document.problems] == [2]


def test_a_reset_forgets_what_came_before_and_leaves_a_mark() -> None:
    builder = DocumentBuilder("/x", "systemd")
    builder.add("a", "1", 1, repeatable=True)
    builder.reset("a", 2)
    builder.add("a", "2", 3, repeatable=True)
    assert builder.done().root.to_json() == {"a": ["", "2"]}
