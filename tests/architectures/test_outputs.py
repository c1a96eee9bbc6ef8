"""Outputs: attributes, items and positions of the same values."""

from __future__ import annotations

import copy
import pickle

import pytest

from safeload.architectures.base.outputs import QuestionAnsweringModelOutput, SequenceClassifierOutput


def test_three_ways_to_a_value() -> None:
    """An attribute, an item and a position are the same value; what is None has no position."""
    output = SequenceClassifierOutput(logits="l", hidden_states=("h",))
    assert output.logits == output["logits"] == output[0] == "l"
    assert output.loss is None
    assert "loss" not in output
    assert output[1] == ("h",)
    assert output[:1] == ("l",)
    assert output.to_tuple() == ("l", ("h",))
    assert list(output) == ["logits", "hidden_states"]
    assert dict(**output) == {"logits": "l", "hidden_states": ("h",)}


def test_loss_comes_first() -> None:
    """The order is that of the class, not of the call."""
    output = QuestionAnsweringModelOutput(end_logits="e", start_logits="s", loss="x")
    assert output.to_tuple() == ("x", "s", "e")


def test_setting_an_attribute_sets_the_item() -> None:
    """Attribute and item never differ, also after a change."""
    output = SequenceClassifierOutput(logits="l")
    output.loss = "x"
    assert output["loss"] == "x"
    output.loss = None
    assert "loss" not in output
    assert output.loss is None


def test_unknown_names_are_errors() -> None:
    """A misspelt value is an error where it is written and where it is read."""
    with pytest.raises(TypeError, match="logit"):
        SequenceClassifierOutput(logit=1)
    with pytest.raises(AttributeError):
        _ = SequenceClassifierOutput(logits=1).logit
    with pytest.raises(TypeError, match="keeps its values"):
        del SequenceClassifierOutput(logits=1)["logits"]


def test_copies() -> None:
    """Copies and pickles by the user's own program are equal."""
    output = SequenceClassifierOutput(logits=[1], loss=2)
    for same in (copy.copy(output), copy.deepcopy(output), pickle.loads(pickle.dumps(output))):
        assert type(same) is SequenceClassifierOutput
        assert same == output
    assert SequenceClassifierOutput(output.items()) == output
