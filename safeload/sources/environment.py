"""Environment variables that switch protections of other libraries off.

safeload follows none of them. What they mean is their library's:

    TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD   torch.load unpickles where its caller does not say otherwise
    TRUST_REMOTE_CODE                  transformers' RAG models unpickle their index
    HF_DATASETS_TRUST_REMOTE_CODE      datasets runs the scripts of repositories
    VLLM_ALLOW_INSECURE_SERIALIZATION  vLLM's processes take pickles from each other
    GIT_SSL_NO_VERIFY                  git takes any certificate
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Fact, Location

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WEAKENING = {
    "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "torch.load runs pickles",
    "TRUST_REMOTE_CODE": "transformers unpickles the index of a RAG model",
    "HF_DATASETS_TRUST_REMOTE_CODE": "datasets runs the scripts of repositories",
    "VLLM_ALLOW_INSECURE_SERIALIZATION": "vLLM unpickles what it is sent",
    "GIT_SSL_NO_VERIFY": "git takes any certificate",
}
_OFF = frozenset({"", "0", "false", "no", "n", "off", "f"})


def weakened(environ: Mapping[str, str], subject: str) -> Iterator[Fact]:
    """One fact for each such variable that is switched on."""
    for name, what in WEAKENING.items():
        if environ.get(name, "").strip().lower() not in _OFF:
            place = Location(artifact=subject)
            yield Fact(kind="env.weakened", location=place, data={"name": name, "what": what})
