"""What a load tells the garbage collector: a tenth of its time is otherwise spent looking at torch."""

from __future__ import annotations

import gc
import importlib
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def collection_paused() -> Iterator[None]:
    """Leave the cyclic garbage collector off while many objects are made that all stay alive.

    Each generation that fills up would walk them again for nothing: a tenth of the time of importing
    torch, half of that of reading a vocabulary. It is on again afterwards if it was before.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def import_torch() -> None:
    """Import torch, and keep the collector away from what that made.

    The half million objects of the import live as long as the process. `gc.freeze` takes them, and what
    else is alive at that moment, out of every later collection, the one at the interpreter's exit
    included. Reference counts free frozen objects as before. Nothing happens where torch is there already.

    The import leaves cycles behind that hold the frames in which it was asked for, and through these the
    values of every caller: a snapshot, a model, for ever. So it runs in a thread, whose frames hold nothing.
    """
    if "torch" in sys.modules:
        return
    failed: list[BaseException] = []

    def run() -> None:
        try:
            importlib.import_module("torch")
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            failed.append(error)

    with collection_paused():
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    if failed:
        raise failed[0]
    gc.freeze()
