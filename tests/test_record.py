"""Records: immutable, typed fields by name, equal by value."""

from __future__ import annotations

import copy

import pytest

from safeload.record import fields, record, replace


@record
class Point:
    """Two fields, one with a default."""

    x: int
    y: int = 2

    @property
    def total(self) -> int:
        """A property is no field."""
        return self.x + self.y


@record(kw_only=False, eq=False)
class Same:
    """Positional, and equal to itself only."""

    x: int


def test_fields_come_by_name_with_defaults():
    """Values are stored under their names; what is left out takes its default."""
    point = Point(x=1)
    assert (point.x, point.y, point.total) == (1, 2, 3)
    assert fields(Point) == ("x", "y")
    assert repr(point) == "Point(x=1, y=2)"
    assert Same(4).x == Same(x=4).x == 4


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Point, "needs x"),
        (lambda: Point(x=1, z=3), "has no z"),
        (lambda: Point(x=1, y=2, z=3), "has no z"),
        (lambda: Point(1), "keywords only"),
        (lambda: Same(1, 2), "takes x"),
        (lambda: Same(1, x=2), "takes x"),
        (Same, "needs x"),
        (lambda: Same(y=1), "has no y"),
    ],
)
def test_wrong_fields_are_type_errors(make, words):
    """A missing, unknown, repeated or positional field is an error that names it."""
    with pytest.raises(TypeError, match=words):
        make()


def test_nothing_can_be_changed():
    """Neither a field, nor a new name, nor by deletion."""
    point = Point(x=1)
    with pytest.raises(AttributeError, match="frozen"):
        point.x = 5
    with pytest.raises(AttributeError, match="frozen"):
        point.z = 5
    with pytest.raises(AttributeError, match="frozen"):
        del point.x
    assert not hasattr(point, "__dict__")


def test_equality_is_by_type_and_value():
    """Equal fields of the same type are equal and hash alike; without `eq` only the same object is."""
    assert Point(x=1) == Point(x=1, y=2)
    assert len({Point(x=1), Point(x=1), Point(x=2)}) == 2
    assert Point(x=1) != (1, 2)
    assert Same(1) != Same(1)


def test_replace_makes_another():
    """The original stays, an unknown field is an error."""
    point = Point(x=1)
    assert replace(point, y=9) == Point(x=1, y=9)
    assert point.y == 2
    with pytest.raises(TypeError):
        replace(point, z=1)


def test_copies_are_equal():
    """Copy and deepcopy work on slots."""
    assert copy.copy(Point(x=1)) == copy.deepcopy(Point(x=1)) == Point(x=1)
