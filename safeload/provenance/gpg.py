"""Asks gpg whether a signature holds, through python-gnupg, and believes no summary of the answer.

https://github.com/gpg/gnupg/blob/master/doc/DETAILS (status lines)

    1. a home of our own, mode 0700, with nothing but the keys of the matching rule in it
    2. no options file, no agent, no dirmngr, no key retrieval, no user's keyring, a fixed environment
    3. the one binary packet that `formats.openpgp` let through, in a file whose name is ours
    4. every status line is recorded, and the decision is an allow-list over all of them

python-gnupg's `valid`, `status`, `fingerprint` and gpg's exit code are each true for signatures that do
not count: of revoked or expired keys, or the second of two (docs/adr/0010). The counts and the list
below are what `gpg --verify` prints for one good signature by one usable key, and nothing else passes.

A run that takes too long is killed, and ends as UNAVAILABLE like a gpg that is missing or too old.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from typing import TYPE_CHECKING, Any

from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import gnupg

SECONDS = 20
"""A verification takes some milliseconds, an import of a few keys a tenth of a second."""
OLDEST = (2, 2, 8)
"""Older ones mix what a signature says into their status lines (CVE-2018-12020)."""
OLDEST_LIBRARY = (0, 5, 1)
"""python-gnupg before it mixes up several signatures (its issue 214)."""
_MOST_EVENTS = 2_000
_OPTIONS = (
    "--no-options",
    "--no-auto-key-retrieve",
    "--no-auto-key-locate",
    "--disable-dirmngr",
    "--no-autostart",
    "--weak-digest",
    "SHA1",
    "--weak-digest",
    "RIPEMD160",
)
_ALLOWED = frozenset(
    {
        "NEWSIG", "KEY_CONSIDERED", "SIG_ID", "GOODSIG", "VALIDSIG", "KEYEXPIRED", "TRUST_UNDEFINED",
        "NOTATION_NAME", "NOTATION_FLAGS", "NOTATION_DATA",
    }
)  # fmt: skip
"""KEYEXPIRED is printed for any other subkey of a good key; of the key that signed it is EXPKEYSIG."""
_ONCE = ("NEWSIG", "GOODSIG", "VALIDSIG")
_OUTCOMES = (
    ("NO_PUBKEY", "unknown-key", "the key that signed is not among those of the rule"),
    ("BADSIG", "bad-signature", "the commit was altered after it was signed"),
    ("REVKEYSIG", "key-revoked", "the key that signed was revoked"),
    ("EXPKEYSIG", "key-expired", "the key that signed has expired"),
    ("EXPSIG", "signature-expired", "the signature has expired"),
)
"""Status line -> outcome, the first that is there; all others are `bad-signature` too."""
_WEAK = 5
"""What ERRSIG says of a digest that is too weak: GPG_ERR_DIGEST_ALGO."""


@record
class Verified:
    """What gpg said about one signature."""

    outcome: str
    """`good`, or what is wrong."""
    detail: str
    signer: str = ""
    """Fingerprint of the key or subkey that signed; empty unless the outcome is `good` or about its age."""
    primary: str = ""
    """Fingerprint of the primary key that it belongs to."""
    made: int = 0
    """When, in seconds since 1970, by the signer's clock."""
    addresses: frozenset[str] = frozenset()
    """Mail addresses of the user ids that gpg holds valid, case-folded."""


class GpgUnavailable(Exception):
    """gpg could not be asked."""


class _TimedOut(GpgUnavailable):
    pass


def verify(
    packet: bytes,
    payload: bytes,
    keys: Mapping[str, bytes],
    *,
    addresses: bool = True,
    seconds: float = SECONDS,
) -> Verified:
    """Whether `packet` is a good signature over `payload` by one of the keys.

    Args:
        packet: one binary signature packet, as `formats.openpgp.parse_signature` returns it.
        payload: what is said to be signed.
        keys: full fingerprint -> binary public key. Only these exist for gpg.
        addresses: whether those of the keys' user ids are asked for.
        seconds: how long each run of gpg may take.

    Raises:
        GpgUnavailable: gpg is missing, too old, too slow, or failed otherwise.
    """
    with _home() as home:
        gpg = _start(home, seconds)
        refused = _import(gpg, keys)
        known = _addresses(gpg, keys) if addresses else {}
        path = os.path.join(home, "commit.sig")  # noqa: PTH118 - an audit starts without pathlib
        try:
            with open(path, "xb") as file:  # noqa: PTH123 - likewise
                file.write(packet)
        except OSError as error:
            raise GpgUnavailable(f"no room for the signature: {(error.strerror or '').lower()}") from None
        # a fresh home has no trust database; only verification may do without (`scan_keys` fails there)
        gpg.options = [*_OPTIONS, "--trust-model", "always"]
        result = gpg.verify_data(path, payload)
        gpg.demand_time()
        return _decide(result, known, refused)


@record
class KeyState:
    """What gpg holds of one key."""

    state: str
    """`good`, `expired`, `revoked`, or `unusable` where gpg does not take it."""
    expires: int | None
    """Seconds since 1970, or None."""


def key_states(keys: Mapping[str, bytes], *, seconds: float = SECONDS) -> dict[str, KeyState]:
    """Which of the keys gpg would take a signature of, and for how long.

    Args:
        keys: full fingerprint -> binary public key.
        seconds: how long each run of gpg may take.

    Raises:
        GpgUnavailable: gpg is missing, too old, too slow, or failed otherwise.
    """
    with _home() as home:
        gpg = _start(home, seconds)
        _import(gpg, keys)
        found = {}
        for key in gpg.list_keys() if keys else ():
            state = {"r": "revoked", "e": "expired"}.get(key["trust"], "good")
            expires = int(key["expires"]) if key["expires"].isdecimal() else None
            found[key["fingerprint"]] = KeyState(state=state, expires=expires)
        gpg.demand_time()
        return {name: found.get(name, KeyState(state="unusable", expires=None)) for name in keys}


def _decide(result: Any, addresses: Mapping[str, frozenset[str]], refused: Sequence[str]) -> Verified:  # noqa: ANN401 - python-gnupg has no types
    """Step 4."""
    events: list[tuple[str, str]] = result.events
    names = [name for name, _ in events]
    if result.overflowed:
        return Verified(outcome="bad-signature", detail=f"gpg printed more than {_MOST_EVENTS} status lines")
    valid = next((value.split() for name, value in events if name == "VALIDSIG"), [])
    good = (
        result.returncode == 0
        and result.valid
        and result.problems == []
        and _ALLOWED.issuperset(names)
        and all(names.count(name) == 1 for name in _ONCE)
        and len(valid) == 10
        and valid[7] in {"8", "9", "10"}
        and valid[8] == "00"
    )
    if good:
        outcome, detail = "good", "the signature is good"
    else:
        outcome, detail = _what_is_wrong(events, refused)
    if len(valid) != 10 or not valid[2].isdecimal():
        return Verified(outcome="bad-signature" if good else outcome, detail=detail)
    return Verified(
        outcome=outcome,
        detail=detail,
        signer=valid[0],
        primary=valid[9],
        made=int(valid[2]),
        addresses=addresses.get(valid[9], frozenset()),
    )


def _what_is_wrong(events: Sequence[tuple[str, str]], refused: Sequence[str]) -> tuple[str, str]:
    names = {name for name, _ in events}
    if sum(name == "NEWSIG" for name, _ in events) > 1:
        return "multiple-signatures", "gpg saw more than one signature"
    for name, outcome, detail in _OUTCOMES:
        if name in names:
            if outcome == "unknown-key" and refused:
                return "key-unusable", f"gpg takes no key {refused[0]} out of its file: " + _UNUSABLE
            return outcome, detail
    errors = [value.split() for name, value in events if name == "ERRSIG"]
    if any(len(error) > 5 and error[5] == str(_WEAK) for error in errors):
        return "weak-digest", "gpg holds the digest or the certification of the key to be too weak"
    return "bad-signature", f"gpg answered {', '.join(sorted(names)) or 'nothing'}"


_UNUSABLE = "its own signature on its user ids may be missing, expired or over SHA-1"


def _import(gpg: Any, keys: Mapping[str, bytes]) -> list[str]:  # noqa: ANN401 - python-gnupg has no types
    """Step 1. Keys that gpg does not take come back."""
    if not keys:
        return []
    # keys may stand one after the other, and each run of gpg costs some milliseconds
    result = gpg.import_keys(b"".join(keys.values()))
    gpg.demand_time()
    return [fingerprint for fingerprint in keys if fingerprint not in result.fingerprints]


def _addresses(gpg: Any, keys: Mapping[str, bytes]) -> dict[str, frozenset[str]]:  # noqa: ANN401 - likewise
    """The mail addresses of each key, of user ids whose certification gpg has checked on import."""
    found = {}
    listed = gpg.list_keys() if keys else []
    gpg.demand_time()
    for key in listed:
        found[key["fingerprint"]] = frozenset(map(_address, key["uids"]))
    return found


def _address(uid: str) -> str:
    """What stands in the last `<>` of a user id, or the whole of it."""
    # python-gnupg reads Latin-1, which loses nothing
    text = uid.encode("latin-1").decode("utf-8", "replace")
    _, bracket, after = text.rpartition("<")
    return (after[:-1] if bracket and after.endswith(">") else text).casefold()


def _start(home: str, seconds: float) -> Any:  # noqa: ANN401 - python-gnupg has no types
    """Step 2.

    Raises:
        GpgUnavailable: gpg or its wrapper are missing or too old.
    """
    binary = shutil.which("gpg")
    if binary is None:
        raise GpgUnavailable("gpg is not installed")
    import gnupg

    library = tuple(int(part) for part in gnupg.__version__.split(".")[:3] if part.isdecimal())
    if library < OLDEST_LIBRARY:
        raise GpgUnavailable(f"python-gnupg {gnupg.__version__} is too old")
    try:
        gpg = _wrapper(gnupg)(os.path.abspath(binary), home, seconds)  # noqa: PTH100 - see above
    except (OSError, ValueError) as error:
        raise GpgUnavailable(f"gpg could not be started: {type(error).__name__}") from None
    if gpg.version is None or gpg.version < OLDEST:
        shown = ".".join(map(str, gpg.version or ())) or "of unknown version"
        raise GpgUnavailable(f"gpg {shown} is too old: {'.'.join(map(str, OLDEST))} is the least")
    return gpg


def _wrapper(library: Any) -> type[Any]:  # noqa: ANN401 - python-gnupg has no types, and is imported late
    """python-gnupg with a recorder and a deadline, neither of which it has itself."""

    class Recorder(library.Verify):  # type: ignore[misc]  # no types
        def __init__(self, gpg: gnupg.GPG) -> None:
            super().__init__(gpg)
            self.events: list[tuple[str, str]] = []
            self.overflowed = False

        def handle_status(self, key: str, value: str) -> None:
            if len(self.events) < _MOST_EVENTS:
                self.events.append((key, value))
                # its own reading of a line may fail; the line is recorded, and `valid` stays as it was
                with contextlib.suppress(Exception):
                    super().handle_status(key, value)
            else:
                self.overflowed = True
                self.gpg.kill()

    class Gpg(library.GPG):  # type: ignore[misc]  # no types
        def __init__(self, binary: str, home: str, seconds: float) -> None:
            self._seconds = seconds
            self._process: Any = None
            self.timed_out = False
            self.result_map = library.GPG.result_map | {"verify": Recorder}
            environ = {"PATH": os.defpath, "LC_ALL": "C", "HOME": home}
            super().__init__(gpgbinary=binary, gnupghome=home, env=environ, options=list(_OPTIONS))

        def _open_subprocess(self, *args: Any, **given: Any) -> Any:  # noqa: ANN401 - as it is there
            self._process = super()._open_subprocess(*args, **given)
            return self._process

        def _collect_output(self, *args: Any, **given: Any) -> Any:  # noqa: ANN401 - as it is there
            timer = threading.Timer(self._seconds, self._expire)
            timer.daemon = True
            timer.start()
            try:
                return super()._collect_output(*args, **given)
            finally:
                timer.cancel()

        def _expire(self) -> None:
            self.timed_out = True
            self.kill()

        def kill(self) -> None:
            if self._process is not None:
                self._process.kill()

        def demand_time(self) -> None:
            """Raise where a run was killed: whatever it printed until then is no answer."""
            if self.timed_out:
                raise _TimedOut(f"gpg took longer than {self._seconds} seconds")

    return Gpg


@contextlib.contextmanager
def _home() -> Iterator[str]:
    """A folder of our own. The name is short: sockets in it would have to fit into 108 bytes."""
    try:
        home = tempfile.mkdtemp(prefix="sl-")
    except OSError as error:
        raise GpgUnavailable(f"no folder for gpg: {(error.strerror or 'error').lower()}") from None
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
