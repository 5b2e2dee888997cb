from __future__ import annotations

from driftd.daemon.routes import Routes


def reached(routes: Routes, hop: bytes) -> set[bytes]:
    return set(routes.through(hop))


def test_a_path_is_reached_through_every_hop_on_its_way() -> None:
    routes = Routes()
    assert routes.put(b"/m/app", (b"/m/app", b"/m/..data", b"/m/..1/app"))
    assert reached(routes, b"/m/..data") == reached(routes, b"/m/..1/app") == {b"/m/app"}
    assert set(routes.directories()) == {b"/", b"/m", b"/m/..1"}


def test_another_way_forgets_the_one_before() -> None:
    routes = Routes()
    routes.put(b"/m/app", (b"/m/app", b"/m/..1/app"))
    assert routes.put(b"/m/app", (b"/m/app", b"/m/..2/app"))
    assert not routes.put(b"/m/app", (b"/m/app", b"/m/..2/app"))
    assert reached(routes, b"/m/..1/app") == set()
    assert set(routes.directories()) == {b"/", b"/m", b"/m/..2"}
    routes.put(b"/m/app", ())
    assert list(routes.directories()) == routes.paths() == []


def test_what_lies_below_a_hop_s_directory_is_found_and_a_like_name_is_not() -> None:
    routes = Routes()
    routes.put(b"/a", (b"/a", b"/srv/1/x"))
    routes.put(b"/b", (b"/b", b"/srv/10/x"))
    routes.put(b"/c", (b"/c", b"/srv/1"))
    assert set(routes.below(b"/srv/1")) == {b"/a", b"/c"}
    assert set(routes.below(b"/")) == {b"/a", b"/b", b"/c"}
    assert set(routes.inside(b"/srv")) == {b"/c"}
    assert routes.leads(b"/srv")
    assert not routes.leads(b"/opt")


def test_the_directories_above_a_hop_are_known_as_long_as_it_is() -> None:
    routes = Routes()
    routes.put(b"/a", (b"/a", b"/srv/1/x"))
    routes.put(b"/b", (b"/b", b"/srv/2/x"))
    assert routes.passes(b"/srv")
    assert not routes.leads(b"/srv")
    assert set(routes.directories()) == {b"/", b"/srv", b"/srv/1", b"/srv/2"}
    routes.put(b"/a", ())
    assert routes.passes(b"/srv")
    routes.put(b"/b", ())
    assert not routes.passes(b"/srv")
    assert not routes.passes(b"/")


def test_hops_in_the_root_directory() -> None:
    routes = Routes()
    routes.put(b"/bin/ls", (b"/bin", b"/usr/bin/ls"))
    assert reached(routes, b"/bin") == {b"/bin/ls"}
    assert b"/" in routes.directories()
