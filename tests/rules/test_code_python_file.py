"""code.python-file: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import code_python_file as rule
from tests.forge.findings import fact, messages


def test_code_python_file_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "code.python-file"


def test_code_python_file_fires():
    """A Python file is a finding whatever it holds."""
    item = fact("code.python")
    assert messages(rule, item) == ["is Python source, which safeload never imports and did not review"]


def test_code_python_file_stays_quiet():
    """A native binary is another finding."""
    item = fact("code.native", format="elf")
    assert messages(rule, item) == []


def test_code_python_file_near_miss():
    """Data that nobody asked for changes nothing."""
    item = fact("code.python", format="text")
    assert messages(rule, item) == ["is Python source, which safeload never imports and did not review"]


def test_code_python_file_says_what_an_import_does():
    """Calls at import come first, and what could not be read is not passed over."""
    item = fact("code.python", imports=["os"], at_import=["os.system", "exec"], decodes=True)
    assert messages(rule, item) == [
        (
            "is Python source, which safeload never imports and did not review: when it is imported it calls "
            "os.system, exec; what it runs it decodes first; it imports os"
        )
    ]
    [message] = messages(rule, fact("code.python", unread="SyntaxError in line 1"))
    assert message.endswith("what it does is unknown, since SyntaxError in line 1")
    [message] = messages(rule, fact("code.python", in_functions=["os.remove"]))
    assert message.endswith("its functions call os.remove")


def test_code_python_file_names_other_programs():
    """Scripts by their language, notebooks with what is in them."""
    assert messages(rule, fact("code.script", language="a shell script")) == [
        "is a shell script, which safeload never runs and did not review"
    ]
    [message] = messages(rule, fact("code.script", language="a notebook", code_cells=2, active_outputs=1))
    assert message.endswith(": 2 cells of code, 1 outputs that are pages or scripts")
