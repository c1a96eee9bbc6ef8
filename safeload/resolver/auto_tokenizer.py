"""`AutoTokenizer`: admit the tokenizer files of a checkpoint, then build from what was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeload.core import Role, Scope
from safeload.errors import UsageError
from safeload.pipeline import admit
from safeload.preprocessing.load import load_tokenizer, vocabulary_model
from safeload.record import replace
from safeload.resolver.hub_arguments import take_hub_access
from safeload.resolver.pause import collection_paused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from pathlib import Path

    from safeload.core import VerifiedSnapshot
    from safeload.pipeline.origin import Origin
    from safeload.policy.schema import Policy
    from safeload.preprocessing.tokenizer import Tokenizer
    from safeload.sources.hub_api import HubAccess

SCOPE = Scope(name="tokenizer", roles=frozenset({Role.TOKENIZER, Role.CONFIG}))
"""What a tokenizer needs: no weights are read or digested for it."""

_REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "trust_remote_code": (
        (None, False),
        "code from a repository is never run; ask the model's authors for a tokenizer.json",
    ),
    "use_fast": (
        (None, True),
        "tokenizers that are not on the tokenizers library are not supported",
    ),
    "code_revision": ((None,), "code from a repository is never run"),
    "gguf_file": ((None,), "GGUF files are not read"),
    "mistral_format": ((None, False), "tekken.json is not read"),
    "subfolder": ((None, ""), "give the folder itself: a subfolder is a checkpoint of its own"),
}
"""Arguments of transformers: the values that change nothing here, and why another one is refused."""


class AutoTokenizer:
    """Loads the tokenizer of a checkpoint, whatever its class. Use `from_pretrained`."""

    def __init__(self) -> None:
        raise UsageError("AutoTokenizer is not built directly: use AutoTokenizer.from_pretrained(...)")

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        policy: Policy | str | Path | None = None,
        origin: Origin | None = None,
        lock: str | Path | None = None,
        tokenizer_type: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - each is checked below or by the settings
    ) -> Tokenizer:
        """The tokenizer of a checkpoint.

        Args:
            pretrained_model_name_or_path: a folder, or the name of a Hub repository.
            policy: a Policy, a file, the name of a built-in, or None for the discovered one.
            origin: what the caller says about where the files come from, to be checked.
            lock: a lock file that has to hold the files; weights are not read for that.
            tokenizer_type: a model type, to choose the class by instead of the configuration.
            **kwargs: `revision`, `token`, `cache_dir`, `local_files_only`, `force_download`; special tokens
                and settings that replace those of tokenizer_config.json.

        Raises:
            PolicyDenied: the policy refuses the files.
            UsageError: the class is not supported, or an argument is not, with the reason.
        """
        hub = take_hub_access(kwargs)
        for name, (harmless, reason) in _REFUSED.items():
            if name in kwargs:
                value = kwargs.pop(name)
                if not any(
                    value is known or (type(value) is type(known) and value == known) for known in harmless
                ):
                    raise UsageError(f"{name}={value!r} is refused: {reason}")
        # a vocabulary is many small objects without a cycle
        with collection_paused():
            # as it was given: `org/name` names a repository, and a Path of it a folder
            snapshot = admit_tokenizer(
                pretrained_model_name_or_path, policy, origin, hub, lock, tokenizer_type=tokenizer_type
            )
            name = str(pretrained_model_name_or_path)
            return load_tokenizer(
                snapshot, name_or_path=name, tokenizer_type=tokenizer_type, writer=_write, **kwargs
            )


def admit_tokenizer(
    target: str | Path,
    policy: Policy | str | Path | None,
    origin: Origin | None,
    hub: HubAccess,
    lock: str | Path | None = None,
    *,
    tokenizer_type: str | None = None,
) -> VerifiedSnapshot:
    """The files of a tokenizer. A sentencepiece model is one of them only where nothing else would do.

    Most repositories with tokenizer.json have a model beside it, too, which nobody reads then: it must not
    deny what it has no part in.

    Raises:
        PolicyDenied: the policy refuses the files.
        UsageError: the class is not supported.
    """
    snapshot = admit(target, scope=SCOPE, policy=policy, origin=origin, hub=hub, lock=lock)
    model = vocabulary_model(snapshot, tokenizer_type)
    if model is None:
        return snapshot
    scope = Scope(name=SCOPE.name, roles=SCOPE.roles, files=frozenset({model}))
    uri = snapshot.manifest.uri
    if lock is None and uri.startswith("hf:"):  # the same commit, wherever the branch is by now
        target, hub = uri, replace(hub, revision=None)
    return admit(target, scope=scope, policy=policy, origin=origin, hub=hub, lock=lock)


def _write(directory: str | PathLike[str], files: Mapping[str, bytes]) -> tuple[str, ...]:
    from safeload.resolver.save import write_files  # loading needs nothing of it

    return write_files(directory, files)
