"""model_index.json: the parts of a diffusion pipeline, each with the library and the class that loads it.

A loader imports the library by its name. One that is a file of the repository, or a module that nobody
expects there, is code that the file chooses.
https://huggingface.co/docs/diffusers/using-diffusers/custom_pipeline_overview
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.formats.view import read_all
from safeload.scanners import ScanResult
from safeload.scanners._json_keys import MOST_FACTS, behaviour_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Json, Location
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json",)
NAMES = re.compile(r"(modular_)?model_index\.json\Z")

_LIBRARIES = frozenset(
    {
        "diffusers", "transformers", "onnxruntime", "onnxruntime.training", "optimum", "k_diffusion",
        "sdnq", "peft",
    }
)  # fmt: skip
_PIPELINES = frozenset(
    {
        "allegro", "amused", "animatediff", "audioldm", "audioldm2", "aura_flow", "bria", "chroma",
        "cogvideo", "cogview3", "cogview4", "consisid", "consistency_models", "controlnet", "cosmos",
        "cycle_diffusion", "ddim", "ddpm", "deepfloyd_if", "easyanimate", "flux", "free_init",
        "hidream_image", "hunyuan_video", "hunyuandit", "hunyuan_image", "kandinsky", "kandinsky2_2",
        "kandinsky3", "kandinsky5", "kolors", "latent_consistency_models", "latent_diffusion", "latte",
        "ltx", "lumina", "lumina2", "marigold", "mochi", "musicldm", "omnigen", "ovis_image", "pag",
        "paint_by_example", "pia", "pixart_alpha", "qwenimage", "repaint", "sana", "score_sde_ve",
        "semantic_stable_diffusion", "shap_e", "skyreels_v2", "stable_audio", "stable_cascade",
        "stable_diffusion", "stable_diffusion_3", "stable_diffusion_safe", "stable_diffusion_xl",
        "stable_unclip", "stable_video_diffusion", "t2i_adapter", "text_to_video_synthesis", "unclip",
        "unidiffuser", "versatile_diffusion", "visualcloze", "vq_diffusion", "wan", "wuerstchen",
        "z_image",
    }
)  # fmt: skip
"""Folders of diffusers' own pipelines, whose parts are named after them."""
_CLASS = re.compile(r"[A-Z][A-Za-z0-9_]*\Z", re.ASCII)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the parts that come from elsewhere than the known libraries, and the behaviour keys.

    Raises:
        FormatError: the bytes are no strict JSON.
    """
    if subject.view.size > limits.json_bytes:
        raise JsonTooLarge(f"{subject.view.size} bytes of JSON, more than {limits.json_bytes}")
    value = parse_json(read_all(subject.view), limits)
    facts = [*behaviour_facts(value, subject.location)]
    if isinstance(value, dict):
        facts.extend(_parts(value, subject.location))
    return ScanResult(coverage=Coverage.SCANNED, facts=tuple(facts[: 2 * MOST_FACTS]))


def _parts(value: dict[str, Json], location: Location) -> Iterator[Fact]:
    for key, part in value.items():
        kind = None
        if key == "_class_name":
            # a list is a file of the repository and the class in it
            plain = isinstance(part, str) and _CLASS.match(part)
            kind = None if plain else "config.remote-code"
        elif isinstance(part, list) and part and not key.startswith("_"):
            kind = _part(part) or _from_elsewhere(part)
        if kind is not None:
            yield Fact(kind=kind, location=location.at(key=key), data={"key": key, "value": repr(part)[:200]})


def _from_elsewhere(part: list[Json]) -> str | None:
    """The kind of fact that the specification of a part in a modular pipeline is.

    Such a part names the repository that it is loaded from, and the library and class that load it.
    """
    wanted = part[2] if len(part) == 3 else None
    if not isinstance(wanted, dict):
        return None
    hint = wanted.get("type_hint")
    if isinstance(hint, list) and hint and (kind := _part(hint)) is not None:
        return kind
    named = (wanted.get(key) for key in ("repo", "pretrained_model_name_or_path"))
    return "config.redirect" if any(isinstance(name, str) and name for name in named) else None


def _part(part: list[Json]) -> str | None:
    """The kind of fact that the library and class of one part are."""
    library, name = part[0], part[1] if len(part) > 1 else None
    if library is None and name is None:
        return None
    if not isinstance(library, str):
        # a setting of the pipeline that is a list of numbers
        return "config.callable" if isinstance(name, str) and isinstance(library, list | dict) else None
    if len(part) != 2:
        return None
    if not isinstance(name, str) or not _CLASS.match(name):
        return "config.callable" if name is not None else None
    if library in _LIBRARIES or library in _PIPELINES:
        return None
    foreign = "." in library or library in sys.stdlib_module_names or not library.isidentifier()
    return "config.callable" if foreign else "config.remote-code"
