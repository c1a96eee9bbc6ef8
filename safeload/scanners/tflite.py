"""TFLite: operators that are none of its own.

Custom operators are native code of an application, but for a few that every runtime brings along. Those
that begin with `Flex` run a TensorFlow operator, so they are judged as that. Files that are appended to the
model, such as labels, are members of it and judged one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.scanners import Child, ScanResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("tflite",)

_FLEX = "Flex"
_KNOWN = frozenset(
    {
        "TFLite_Detection_PostProcess", "AudioSpectrogram", "Mfcc", "NumericVerify", "edgetpu-custom-op",
        "MaxPoolingWithArgmax2D", "MaxUnpooling2D", "Convolution2DTransposeBias", "TransformTensorBilinear",
        "TransformLandmarks", "Landmarks2TransformMatrix", "Resampler", "RFFT2D", "IRFFT2D",
    }
)  # fmt: skip
"""Custom operators that TFLite and MediaPipe register themselves."""
_SHOWN = 20


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the format and operators that are code elsewhere.

    Raises:
        FormatError: the model breaks its format.
    """
    from safeload.formats.appended_zip import read_appended
    from safeload.formats.tflite import parse_tflite
    from safeload.formats.view import SubView

    end, members = read_appended(subject.view)
    model = parse_tflite(SubView(subject.view, 0, end), limits)
    facts = [Fact(kind="format.not-loadable", location=subject.location, data={"format": subject.format})]
    for detail in list(_details(model.custom))[:_SHOWN]:
        data = {"format": subject.format, "detail": detail}
        facts.append(Fact(kind="format.executable", location=subject.location, data=data))
    children = (Child(name=item.name, view=SubView(subject.view, item.offset, item.size)) for item in members)
    return ScanResult(coverage=Coverage.SCANNED, facts=tuple(facts), children=tuple(children), record=model)


def _details(names: tuple[str, ...]) -> Iterator[str]:
    """What each operator does that is not plainly known."""
    from safeload.formats.tf_operators import EFFECTS, is_known

    for name in names:
        operator = name.removeprefix(_FLEX) if name.startswith(_FLEX) else ""
        if operator in EFFECTS:
            yield f"the operator {name} {EFFECTS[operator]}"
        elif name not in _KNOWN and not is_known(operator):
            yield f"the operator {name} is native code of an application"
