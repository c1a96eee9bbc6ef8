"""Which policy applies, and which is refused."""

from __future__ import annotations

import pytest

from safeload.errors import UsageError
from safeload.sources.policy_files import BUILT_IN, MOST_BYTES, built_in, parent_text, policy_texts

POLICY = "schema = 1\n"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A repository with a working directory inside it, and a model outside of both."""
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    work = tmp_path / "repository" / "work"
    work.mkdir()
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(work)
    return tmp_path


def find(home, named=None, **rest):
    """The texts that apply, with no organisation's file and an empty environment unless given."""
    options = {"environ": {}, "organisation": home / "none.toml", "audited": home / "model"} | rest
    return tuple(found[:2] for found in policy_texts(named, **options))


def test_without_anything_the_built_in_default_applies(home):
    """Nobody has to write a policy to be protected by one."""
    assert find(home) == (built_in("default"),)
    assert find(home)[0][1] == "policies/default.toml"


def test_the_order_is_argument_environment_project_default(home):
    """The closest choice wins."""
    (home / "named.toml").write_text("# named")
    (home / "env.toml").write_text("# env")
    (home / "repository" / "p.toml").write_text("# project")
    (home / "repository" / "pyproject.toml").write_text('[tool.safeload]\npolicy = "p.toml"\n')
    environ = {"SAFELOAD_POLICY": str(home / "env.toml")}
    assert find(home, home / "named.toml", environ=environ)[0][0] == "# named"
    assert find(home, environ=environ)[0][0] == "# env"
    assert find(home)[0][0] == "# project"
    assert find(home, environ={"SAFELOAD_POLICY": "strict"}) == (built_in("strict"),)


def test_the_search_ends_at_the_root_of_the_repository(home):
    """A pyproject.toml above it belongs to someone else."""
    (home / "pyproject.toml").write_text('[tool.safeload]\npolicy = "strict"\n')
    assert find(home) == (built_in("default"),)


def test_outside_of_a_repository_only_the_working_directory_counts(home):
    """Else whoever can write to /tmp would choose the policy."""
    (home / "pyproject.toml").write_text('[tool.safeload]\npolicy = "strict"\n')
    (home / "loose").mkdir()
    assert find(home, start=home / "loose") == (built_in("default"),)
    assert find(home, start=home) == (built_in("strict"),)


def test_a_pyproject_without_our_table_is_passed_over(home):
    """The next one up to the root decides."""
    (home / "repository" / "work" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    (home / "repository" / "pyproject.toml").write_text('[tool.safeload]\npolicy = "strict"\n')
    assert find(home) == (built_in("strict"),)


def test_the_organisation_applies_beside_every_choice(home):
    """Naming a policy does not get around it."""
    organisation = home / "org.toml"
    organisation.write_text("# org")
    assert find(home, "strict", organisation=organisation) == (
        built_in("strict"),
        ("# org", str(organisation)),
    )


@pytest.mark.parametrize(
    "way",
    [
        "argument",
        "environment",
        "project",
        "file itself",
        "link inside",
        "link to inside",
        "through a link",
        "through a folder",
    ],
)
def test_a_policy_inside_the_audited_path_is_refused(home, way):
    """Whoever wrote the checkpoint would judge it."""
    model = home / "model"
    inside = model / "policy.toml"
    inside.write_text(POLICY)
    options = {}
    named = inside
    if way == "environment":
        named, options = None, {"environ": {"SAFELOAD_POLICY": str(inside)}}
    elif way == "project":
        named = None
        (model / "pyproject.toml").write_text('[tool.safeload]\npolicy = "strict"\n')
        options = {"start": model}
    elif way == "file itself":
        options = {"audited": inside}
    elif way == "link inside":
        (home / "outside.toml").write_text(POLICY)
        inside.unlink()
        inside.symlink_to(home / "outside.toml")
    elif way == "through a link":
        (model / "way").symlink_to(home / "outside.toml")
        named = home / "named.toml"
        named.symlink_to(model / "way")
    elif way == "through a folder":
        (model / "way").symlink_to(home)
        (home / "folder").symlink_to(model / "way")
        named = home / "folder" / "outside.toml"
    elif way == "link to inside":
        named = home / "link.toml"
        named.symlink_to(inside)
    with pytest.raises(UsageError, match="lies inside the audited path"):
        find(home, named, **options)


@pytest.mark.parametrize("content", [b"\xff", b"#" * (MOST_BYTES + 1), None])
def test_a_policy_that_cannot_be_read_is_a_usage_error(home, content):
    """Not UTF-8, too large to be a policy, or not there."""
    path = home / "p.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"p\.toml"):
        find(home, path)


@pytest.mark.parametrize("text", ["[tool", "tool = 1", "[tool]\nsafeload = 1", "[tool.safeload]\npolicy = 1"])
def test_a_broken_pyproject_is_a_usage_error(home, text):
    """It might have named a strict policy, so it is not passed over."""
    (home / "repository" / "pyproject.toml").write_text(text)
    with pytest.raises(UsageError, match=r"pyproject\.toml"):
        find(home)


def test_without_a_working_directory_no_policy_is_guessed(home, monkeypatch):
    """A folder that was removed under the process is an error in one line, not a traceback."""
    gone = home / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match="working directory cannot be read"):
        find(home)


def test_a_policy_beside_the_working_directory_that_is_audited(home, monkeypatch):
    """From inside of a model the way leads through it and out again; a link in it on the way does not."""
    model = home / "model"
    (home / "p.toml").write_text(POLICY)
    (model / "sub").mkdir()
    monkeypatch.chdir(model)
    for named in ("../p.toml", "sub/../../p.toml"):
        assert find(home, named, audited=".")[0][0] == POLICY
    (model / "link").symlink_to(home / "repository")
    with pytest.raises(UsageError, match="lies inside the audited path"):
        find(home, "link/../p.toml", audited=".")


def test_a_policy_extends_built_ins_and_files_beside_it(home):
    """Relative to its own folder; the name in messages is the same whoever extends it."""
    (home / "repository" / "base.toml").write_text("# base")
    folder = str(home / "repository" / "work")
    assert parent_text("safeload:strict", None) == (*built_in("strict"), None)
    found = parent_text("../base.toml", folder)
    assert (found[0], found[2]) == ("# base", str(home / "repository"))
    assert found == parent_text("./base.toml", str(home / "repository"))


@pytest.mark.parametrize(
    ("name", "folder", "said"),
    [
        ("safeload:lax", "/p", "is none of safeload:default"),
        ("strict", "/p", "write safeload:strict, or ./strict"),
        ("/etc/passwd", "/p", "is no file relative to the policy"),
        ("./base.toml", None, "is no file relative to the policy"),
        ("gone.toml", "/p", "cannot read"),
        ("https://example.org/p.toml", "/p", "cannot read"),
    ],
)
def test_what_cannot_be_extended_is_said(home, name, folder, said):
    """Nothing is fetched, and a built-in has no files beside it."""
    with pytest.raises(UsageError, match=said):
        parent_text(name, folder)


def test_a_parent_inside_the_audited_path_is_refused(home):
    """Whoever wrote the checkpoint would judge it by way of another file."""
    (home / "model" / "base.toml").write_text("schema = 1\n")
    with pytest.raises(UsageError, match="inside the audited path"):
        parent_text("model/base.toml", str(home), audited=home / "model")


def test_every_built_in_can_be_named_with_its_scheme(home):
    """On the command line as in `extends`."""
    for name in BUILT_IN:
        assert find(home, f"safeload:{name}") == find(home, name) == (built_in(name),)
