"""The load report."""

from __future__ import annotations

from safeload.resolver.load_report import LoadReport, Mismatch


def test_render() -> None:
    """New, unused and renamed tensors each have a line with a reason; attacker text is escaped."""
    report = LoadReport(
        architecture="BertForSequenceClassification",
        loaded=3,
        missing=("classifier.bias",),
        mismatched=(Mismatch(name="classifier.weight", found=(2, 4), wanted=(3, 4)),),
        unexpected=("cls.predictions.bias", "evil\x1b[2J"),
        unknown=("evil\x1b[2J",),
        renamed=(("LayerNorm.gamma", "LayerNorm.weight"), ("pooler.dense.bias", "bert.pooler.dense.bias")),
    )
    assert report.render().splitlines() == [
        "BertForSequenceClassification: 3 parameters loaded, 2 new",
        "  new, untrained  classifier.bias       not in the checkpoint",
        "  new, untrained  classifier.weight     [2, 4] in the checkpoint, [3, 4] here",
        "  not used        cls.predictions.bias  another head's",
        "  not used        evil\\x1b[2J           unknown to this architecture",
        "  renamed         LayerNorm.gamma       to LayerNorm.weight",
        "  train the new parameters before you use the model's predictions",
    ]


def test_a_long_report_is_cut_short() -> None:
    """A checkpoint with thousands of unknown tensors does not fill the screen."""
    names = tuple(f"x{number}" for number in range(5_000))
    text = LoadReport(architecture="BertModel", unexpected=names, unknown=names).render()
    assert text.splitlines()[-1] == "  and 4980 more"
    assert len(text) < 2_000


def test_nothing_to_say() -> None:
    """A load in which everything fits is one line."""
    assert LoadReport(architecture="BertModel", loaded=7).render() == "BertModel: 7 parameters loaded, 0 new"
