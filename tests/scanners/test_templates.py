"""The child's answer about chat templates is untrusted: facts about this file, or no judgement."""

from __future__ import annotations

import pytest

from safeload.core import Coverage, Location
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import Answer
from safeload.scanners._templates import conclude_templates, template_result, templates_in

PLACE = Location(artifact="chat_template.jinja")
(ERRAND,) = template_result([("t", "line\nline")], PLACE, DEFAULT_LIMITS).errands


def concluded(*judged, failure="", exceeded=False):
    answer = Answer(result={"templates": list(judged)}, failure=failure, exceeded=exceeded)
    return conclude_templates(ERRAND, answer, PLACE)


def said(**changes):
    return {"error": "", "exceeded": False, "found": []} | changes


def test_a_judged_template_is_scanned():
    """An answer without findings leaves the file scanned; one with findings states each."""
    assert concluded(said()).coverage is Coverage.SCANNED
    result = concluded(said(found=[[2, "x"]]))
    assert result.coverage is Coverage.SCANNED
    assert [dict(fact.data) for fact in result.facts] == [{"where": "t", "line": 2, "what": "x"}]
    assert {fact.location for fact in result.facts} == {PLACE.at(key="t")}


@pytest.mark.parametrize(
    ("exceeded", "coverage"), [(False, Coverage.MALFORMED), (True, Coverage.LIMIT_EXCEEDED)]
)
def test_an_unjudged_template_is_not_scanned(exceeded, coverage):
    """The reason is kept, and what was found all the same is stated."""
    result = concluded(said(error="it nests", exceeded=exceeded, found=[[1, "x"]]))
    assert result.coverage is coverage
    assert result.reason == "the chat template t was not judged: it nests"
    assert len(result.facts) == 1


def test_a_child_that_failed_leaves_the_file_unread():
    """No answer is no judgement."""
    assert concluded(failure="jinja2 is not installed").coverage is Coverage.NOT_READ
    assert concluded(failure="used up 20 s", exceeded=True).coverage is Coverage.LIMIT_EXCEEDED


@pytest.mark.parametrize(
    "judged",
    [
        (),
        (said(), said()),
        (None,),
        (said(error=None),),
        (said(exceeded="no"),),
        (said(found={}),),
        (said(found=[1]),),
        (said(found=[[1]]),),
        (said(found=[["1", "x"]]),),
        (said(found=[[True, "x"]]),),
        (said(found=[[-1, "x"]]),),
        (said(found=[[1 << 70, "x"]]),),
        (said(found=[[1, 2]]),),
        (said(found=[[1, ""]]),),
    ],
)
def test_an_answer_of_another_shape_is_no_judgement(judged):
    """Types, counts and ranges are checked before anything is stated."""
    result = concluded(*judged)
    assert (result.coverage, result.facts) == (Coverage.NOT_READ, ())


def test_templates_stand_in_documents_as_text_list_or_table():
    """Every form that loaders take; anything else is no template."""
    assert templates_in({"chat_template": "a"}) == [("chat_template", "a")]
    assert templates_in({"chat_template": {"x": "a", "y": 1}}) == [("chat_template.x", "a")]
    listed = [{"name": "x", "template": "a"}, {"name": "y"}, 3]
    assert templates_in({"chat_template": listed}) == [("chat_template.0", "a")]
    assert templates_in({"chat_template": 3}) == templates_in([]) == templates_in("x") == []
