"""Files that a child process reads in place of this one: `isolation = "all"` in a policy.

Only the bytes cross over: through the pipe where the file is small, else by a descriptor that the child
can read from and nothing else. The child runs the very examination that would run here, on that one file
and all that is inside it, and what it says is checked (apart_answer.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.formats.view import BytesView
from safeload.isolation.errands import known_task
from safeload.isolation.rooms import ERRAND, Rooms
from safeload.isolation.runner import ChildFailure, layers
from safeload.pipeline.apart_answer import MOST_BODY, AnswerRefused, Told, decode
from safeload.record import fields
from safeload.scanners import Answer, Errand
from safeload.sources.blobs import FileBlob, SealedBlob

if TYPE_CHECKING:
    from collections.abc import Callable

    from safeload.core import Json, ManifestEntry
    from safeload.policy.schema import Policy
    from safeload.sources.blobs import Blob

    Run = Callable[[Errand], Answer]

_MOST_STREAMS = 64 << 20
"""Of pickle streams in one answer, and of one errand: more only of a file that is larger itself."""
_BYTES_PER_SECOND = 32 << 20
"""Of a file, beyond the child's own seconds: what is only compared or summed passes at ten times that."""


class Apart:
    """The child processes of one audit. Close it."""

    def __init__(self, policy: Policy, *, quick: bool, run: Run) -> None:
        """`run` runs an errand, in a child of its own."""
        self._policy = policy
        self._quick = quick
        self._run = run
        self._rooms = Rooms()
        self.room: tuple[str, ...] = ()
        """Layers that held in the last child that answered."""

    def close(self) -> None:
        """End every child."""
        self._rooms.close()

    def examine(self, entry: ManifestEntry, blob: Blob) -> Told:
        """What a child says about one file, or that it said nothing.

        Raises:
            FormatError: the file cannot be read, or changed meanwhile.
        """
        limits = self._policy.limits
        most = MOST_BODY + max(_MOST_STREAMS, min(blob.size, limits.errand_bytes))
        order: dict[str, Json] = {
            "path": entry.path,
            "size": blob.size,
            "quick": self._quick,
            "packs": sorted(self._policy.inert),
            "errand": most - MOST_BODY,
            "limits": {name: getattr(limits, name) for name in fields(type(limits))},
        }
        options = {
            "memory": limits.child_memory_bytes,
            "seconds": limits.child_seconds + blob.size // _BYTES_PER_SECOND,
            "most": most,
        }
        if isinstance(blob, (FileBlob, SealedBlob)):
            with blob.descriptor() as fd:
                answer = self._rooms.converse((order, b""), self._serve, file=fd, **options)
            if isinstance(blob, FileBlob):
                blob.confirm()
        else:
            answer = self._rooms.converse((order, blob.content()), self._serve, file=None, **options)
        if isinstance(answer, ChildFailure):
            exceeded = answer.kind in {"time", "memory"}
            coverage = Coverage.LIMIT_EXCEEDED if exceeded else Coverage.MALFORMED
            return _nothing(coverage, f"the child process that read it gave no answer: {answer.detail}")
        message, payload = answer
        self.room = layers(message)
        try:
            return decode(message, payload, entry.path, blob.size)
        except AnswerRefused as error:
            return _nothing(Coverage.MALFORMED, error.detail)

    def _serve(self, message: dict[str, Json], payload: bytes) -> tuple[dict[str, Json], bytes]:
        """Run the errand that a child asks for. All that it can choose is task, options and bytes."""
        task, options = message.get(ERRAND), message.get("options")
        if not isinstance(task, str) or not known_task(task) or not isinstance(options, dict):
            return {"failure": "there is no such errand", "exceeded": False, "result": {}}, b""
        try:
            answer = self._run(Errand(task=task, view=BytesView(payload), options=options))
        except Exception as error:  # noqa: BLE001  options of the child's choosing must not end the audit
            answer = Answer(failure=f"the errand failed with {type(error).__name__}")
        reply: dict[str, Json] = {
            "failure": answer.failure,
            "exceeded": answer.exceeded,
            "result": dict(answer.result),
        }
        return reply, answer.payload


def _nothing(coverage: Coverage, reason: str) -> Told:
    return Told(format=None, coverage=coverage, reason=reason, members=(), facts=(), streams=(), record=None)
