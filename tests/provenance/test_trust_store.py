"""trust.toml: what is not understood is an error, and a key is the one of the fingerprint beside it."""

from __future__ import annotations

import pytest

from safeload.provenance.trust import is_repository
from safeload.provenance.trust_store import TrustInvalid, parse_trust
from tests.forge import oms
from tests.forge.keys import GPG, keyring
from tests.forge.openpgp import armor, key, packet
from tests.forge.trust import files, key_tables, rule

KEY = armor(packet(6, key()) + packet(13, b"Ann <ann@acme.example>"), "PGP PUBLIC KEY BLOCK")
SECRET = armor(packet(5, key()), "PGP PUBLIC KEY BLOCK")
TWO = armor(packet(6, key()) + packet(6, key()), "PGP PUBLIC KEY BLOCK")
PRINT = "A66A7A4B4A9E1E38A7D2B1F5A6A4A0F1B1F9C1B2"
COMMIT = "1" * 40


def fingerprint() -> str:
    """That of KEY, by our own parser, which has an oracle of its own."""
    from safeload.formats.openpgp_key import parse_public_key
    from safeload.limits import DEFAULT_LIMITS

    return parse_public_key(KEY, DEFAULT_LIMITS).primary.fingerprint


HEAD = f'version = 1\n[keys.a]\nfile = "keys/a.asc"\nfingerprint = "{fingerprint()}"\n'
RULE = '[[rules]]\nrepos = ["acme/*"]\nrequire = "publisher"\nkeys = ["a"]\n'


def parse(text: str, **files_: bytes):
    given = {f"keys/{name}.asc": content for name, content in files_.items()} or {"keys/a.asc": KEY}
    return parse_trust(text, source="t.toml", files=given)


def problems(text: str, **files_: bytes) -> list[str]:
    with pytest.raises(TrustInvalid) as caught:
        parse(text, **files_)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return list(caught.value.problems)


def test_a_store_is_read_whole():
    """Every key of the schema."""
    more = (
        f'pin = ["{COMMIT}"]\naccept_commits = ["{COMMIT}"]\ncommitter_email = ["*@a"]\n'
        'author_email = ["*@b"]\nallow_refs = ["main"]\nnot_before = 2026-01-01\n'
        "not_after = 2026-01-01\nmin_rsa = 3072\n"
    )
    store = parse(HEAD + "not_after = 2027-01-01T00:00:00+01:00\n" + RULE + more)
    (found,) = store.rules
    assert (found.place, found.require, found.keys[0].name) == ("t.toml:6", "publisher", "a")
    assert (found.pin, found.accept_commits, found.allow_refs) == ({COMMIT}, {COMMIT}, ("main",))
    assert (found.window.not_after or 0) - (found.window.not_before or 0) == 86_399
    assert (found.min_rsa, found.committer_email, found.author_email) == (3072, ("*@a",), ("*@b",))
    assert store.keys[0].window.not_after == 1_798_758_000
    assert (store.default.require, store.default.keys) == ("deny", ())


@pytest.mark.parametrize(
    ("repository", "place"),
    [
        ("acme/bert", "t.toml:1"),
        ("acme/other", "t.toml:5"),
        ("acme/berta", "t.toml:5"),
        ("gpt2", "t.toml:9"),
        ("acme-evil/bert", "t.toml"),
        ("acme", "t.toml"),
        ("ACME/bert", "t.toml"),
        ("acme/a/b", "t.toml"),
    ],
)
def test_the_first_rule_that_names_a_repository_holds(repository, place):
    """Per part of the name, and no other rule is mixed in."""
    text = (
        f'[[rules]]\nrepos = ["acme/bert"]\nrequire = "pin"\npin = ["{COMMIT}"]\n'
        '[[rules]]\nrepos = ["acme/*", "acme/bert"]\nrequire = "deny"\n\n'
        '[[rules]]\nrepos = ["gpt?"]\nrequire = "deny"\n'
    )
    store = parse_trust("version = 1\n" + text, source="t.toml", files={})
    found = store.rule_for(repository).place
    line = int(place.partition(":")[2] or 0)
    assert found == (f"t.toml:{line + 1}" if line else store.default.place)


def test_the_default_is_a_rule_like_others():
    """It may name keys; left out, it trusts nobody."""
    store = parse(HEAD + '[default]\nrequire = "publisher"\nkeys = ["a"]\n')
    assert store.rule_for("any/thing").keys[0].name == "a"


def test_the_digest_is_that_of_all_files():
    """A changed key, a changed rule and a renamed file each give another one."""
    renamed = HEAD.replace("keys/a.asc", "keys/b.asc")
    found = {
        parse(HEAD + RULE).digest,
        parse(HEAD + RULE + "\n").digest,
        parse(renamed + RULE, b=KEY).digest,
        parse(HEAD + RULE, a=KEY + b"\n").digest,
    }
    assert len(found) == 4
    assert parse(HEAD + RULE).digest in found


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "version = 1 is required"),
        ("version = 2\n", "version = 1 is required"),
        ("version = true\n", "version = 1 is required"),
        ("version = 1\nversion = 1\n", "t.toml:2: not TOML"),
        ("[", "not TOML"),
        (HEAD + "colour = 1\n", "t.toml:5: unknown key in [keys.a] colour"),
        (HEAD + "[[rule]]\n", "unknown key rule; did you mean rules?"),
        (HEAD + RULE + 'key = ["a"]\n', "unknown key in [rules.0] key; did you mean keys?"),
        (HEAD + RULE + 'accept = ["tag"]\n', "unknown key in [rules.0] accept"),
        ("version = 1\nkeys = 1\n", "keys is a whole number, not tables"),
        ("version = 1\nkeys.a = 1\n", "keys.a is a whole number, not a table"),
        ("version = 1\nrules = 1\n", "rules are not written as [[rules]]"),
        ("version = 1\n[rules]\n", "rules are not written as [[rules]]"),
        ("version = 1\ndefault = 1\n", "default is a whole number, not a table"),
        (HEAD.replace("file =", "#"), "keys.a names no keys/NAME.asc"),
        (HEAD.replace("keys/a.asc", "keys/b.asc"), "no file keys/b.asc in the store"),
        (HEAD.replace("keys/a.asc", "../a.asc"), "no file ../a.asc in the store"),
        (HEAD.replace("keys/a.asc", "/etc/a.asc"), "no file /etc/a.asc in the store"),
        (HEAD.replace("fingerprint =", "#"), "keys.a has no fingerprint"),
        (HEAD.replace(fingerprint(), fingerprint()[-16:]), "the fingerprint has 16 characters"),
        (HEAD.replace(fingerprint(), fingerprint()[-8:]), "the fingerprint has 8 characters"),
        (HEAD.replace(fingerprint(), "A" * 64), "the fingerprint has 64 characters"),
        (HEAD.replace(fingerprint(), "G" * 40), "write all 40 hexadecimal digits"),
        (HEAD.replace(fingerprint(), PRINT), f"holds the key {fingerprint()}, not {PRINT}"),
        (HEAD + 'kind = "root"\n', "keys.a.kind is 'root': use publisher or hub"),
        (HEAD + 'kind = "oms"\n', "keys/a.asc is no .pem, which a key of this kind is in"),
        (HEAD + 'kind = "attester"\n', "keys/a.asc is no .pem, which a key of this kind is in"),
        (HEAD + 'identities = ["x"]\n', "and no other, says whose certificates count"),
        (HEAD + "not_after = 1\n", "not_after is no date"),
        (HEAD + "not_after = 2026-01-01T00:00:00\n", "no time with its offset"),
        (HEAD + "not_after = 2026-13-01\n", "not TOML"),
        (HEAD + HEAD.replace("version = 1\n", "").replace("keys.a]", "keys.b]"), "is there twice"),
        (HEAD + RULE.replace("repos", "#"), "rule 1 names no repos"),
        (HEAD + RULE.replace("acme/*", "a/b/c"), "a/b/c is no pattern of repositories"),
        (HEAD + RULE.replace("acme/*", "acme/[a-z]"), "is no pattern of repositories"),
        (HEAD + RULE.replace("acme/*", "acme/"), "is no pattern of repositories"),
        (HEAD + RULE.replace("acme/*", "../x"), "is no pattern of repositories"),
        (HEAD + RULE.replace("require", "#"), "rules.0 does not say what it requires"),
        (HEAD + RULE.replace("publisher", "none"), "is 'none': use deny or pin or hub or publisher"),
        (HEAD + RULE.replace('["a"]', "[]"), "requires a signature and names no keys"),
        (HEAD + RULE.replace('["a"]', '["b"]'), "t.toml:8: unknown key b"),
        (HEAD + RULE.replace('["a"]', '["a", "a"]'), "names something twice"),
        (HEAD + 'kind = "hub"\n' + RULE, "a Hub key proves no publisher"),
        (HEAD + 'kind = "hub"\n' + RULE, "a Hub key counts on named branches only"),
        (HEAD + RULE.replace("publisher", "pin"), "requires a pin and names no commit"),
        (HEAD + RULE + 'pin = ["abc"]\n', "abc is no commit: write all 40"),
        (HEAD + RULE + f'accept_commits = ["{"A" * 40}"]\n', "is no commit"),
        (HEAD + RULE + "min_rsa = 1024\n", "min_rsa is not a number of bits from 2048"),
        (HEAD + RULE + "min_rsa = true\n", "min_rsa is not a number of bits"),
        (HEAD + RULE + "allow_refs = 1\n", "rules.0.allow_refs is not a list of strings"),
    ],
)
def test_mistakes_are_named(text, what):
    """With file and line, and the word that was meant where one is near."""
    assert any(what in problem for problem in problems(text)), problems(text)


def test_all_mistakes_at_once():
    """One run tells all of them, in order of their lines."""
    found = problems(HEAD + "x = 1\n" + RULE.replace("publisher", "y") + "min_rsa = 0\n")
    assert [problem.split(":")[1] for problem in found] == ["5", "8", "10"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (SECRET, "holds a secret key"),
        (TWO, "not exactly one primary key"),
        (b"hello", "no armored block"),
        (KEY + KEY, "more than one armored block"),
        (bytes(2 << 20), "more than"),
    ],
)
def test_a_file_that_is_no_single_public_key_refuses_the_store(content, what):
    """Secret keys, several keys, other files."""
    assert any(what in problem for problem in problems(HEAD + RULE, a=content))


def test_a_key_file_that_nothing_names_refuses_the_store():
    """A key that reviewers would take for trusted, or for removed."""
    assert any("keys/b.asc is not named by any" in problem for problem in problems(HEAD, a=KEY, b=KEY))


@pytest.mark.parametrize("name", ["acme/bert", "gpt2", "a.b/c_d-e", "A/1"])
def test_names_of_repositories(name):
    """As the Hub has them."""
    assert is_repository(name)


@pytest.mark.parametrize(
    "name", ["", "/", "a/", "/a", "a/b/c", "../a", "a/..", "a b", "a/-b", "a:b", "ä/b", "*"]
)
def test_names_that_are_none(name):
    """Neither a path nor a pattern."""
    assert not is_repository(name)


@pytest.mark.skipif(GPG is None, reason="gpg is not installed")
def test_a_store_of_real_keys():
    """Keys of the real gpg, found by their primary key and by their subkeys."""
    for keys in keyring():
        keys.key("good")
        keys.key("other", algorithm="rsa2048")
        sub = keys.subkey("good")
        text = key_tables(keys, "good", "other") + rule("good")
        store = parse_trust(text.replace(keys.prints["good"], keys.prints["good"].lower()), source="t",
                            files=files(keys, "good", "other"))  # fmt: skip
        for fingerprint_ in (keys.prints["good"], sub):
            found = store.key_of(fingerprint_)
            assert found is not None
            assert (found.name, found.fingerprint) == ("good", keys.prints["good"])
        assert store.key_of("A" * 40) is None
        assert store.key_of(None) is None


SIGNER = oms.private_key("p256")
CA = oms.certificate(SIGNER, "ca", authority=True)
CA_PEM = oms.certificate_pem(CA)


def pem(content: bytes = b"", *, kind: str = "oms", more: str = "", said: str | None = None, rest: str = ""):
    """A store with one .pem."""
    content = content or oms.public_pem(SIGNER)
    table, given = oms.key_table("m", content, said or oms.fingerprint(SIGNER), kind=kind, more=more)
    return parse_trust(f"version = 1\n{table}{rest}", source="t.toml", files=given)


def test_keys_that_sign_no_commits():
    """Of models, of verdicts, and authorities: from PEM, by the digest of their SubjectPublicKeyInfo."""
    rule_ = '[[rules]]\nrepos = ["acme/*"]\nrequire = "publisher"\nkeys = ["m"]\n'
    for store in (pem(rest=rule_), pem(CA_PEM, kind="oms-root", more='identities = ["*"]', rest=rule_)):
        (key_,) = store.rules[0].keys
        assert key_.fingerprint == oms.fingerprint(SIGNER)
        assert store.rules[0].keys_of({"oms", "oms-root"}) == (key_,)
        assert store.rules[0].keys_of({"publisher", "hub"}) == ()
    assert pem(kind="attester").keys[0].kind == "attester"
    assert pem(CA_PEM, kind="oms-root", more='identities = ["a@b"]').keys[0].identities == ("a@b",)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"kind": "publisher"}, "keys/m.pem signs no commits: its kind is oms, oms-root or attester"),
        ({"kind": "hub"}, "keys/m.pem signs no commits"),
        ({"said": "SHA256:" + "0" * 64}, "holds the key SHA256:"),
        ({"said": "0" * 64}, "the fingerprint has 64 characters"),
        ({"said": "SHA256:" + "A" * 64}, "the fingerprint has 71 characters"),
        ({"kind": "oms-root", "more": 'identities = ["*"]'}, "a bare key, which is not what an oms-root is"),
        ({"content": CA_PEM}, "a certificate, which is what an oms-root is"),
        ({"content": CA_PEM, "kind": "attester"}, "a certificate, which is what an oms-root is"),
        ({"content": CA_PEM, "kind": "oms-root"}, "says whose certificates count: identities"),
        ({"more": 'identities = ["*"]'}, "says whose certificates count: identities"),
        ({"content": oms.private_pem(SIGNER)}, "is not one PEM block of a public key"),
        ({"content": oms.public_pem(SIGNER) * 2}, "is not one PEM block of a public key"),
        ({"content": CA_PEM + CA_PEM, "kind": "oms-root"}, "is not one PEM block of a certificate"),
        ({"kind": "attester", "rest": RULE.replace('"a"', '"m"')}, "proves no publisher"),
        (
            {"kind": "attester", "rest": RULE.replace('"a"', '"m"').replace("publisher", "hub")},
            "an attester proves no origin",
        ),
    ],
)
def test_what_a_key_is_for_fits_its_file(given, what):
    """Kind, content, fingerprint and rule."""
    with pytest.raises(TrustInvalid) as caught:
        pem(**given)
    assert any(what in problem for problem in caught.value.problems), caught.value.problems
