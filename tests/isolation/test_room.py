"""What the child cannot do any more once the room is closed. Each attempt runs for real."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from safeload.isolation import room

PROBE = """
import ctypes, json, os, socket, sys
from safeload.isolation import room

def attempt(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    except MemoryError:
        return "MemoryError"
    return "done"

def fork():
    if os.fork() == 0:
        os._exit(0)

held = room.enter(memory_bytes=512 << 20, cpu_seconds=5)
results = {
    "open": attempt(lambda: os.open("/etc/passwd", os.O_RDONLY)),
    "create": attempt(lambda: os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)),
    "list": attempt(lambda: os.listdir("/")),
    "socket": attempt(lambda: socket.socket()),
    "fork": attempt(fork),
    "exec": attempt(lambda: os.execv("/bin/true", ["true"])),
    "kill": attempt(lambda: os.kill(os.getppid(), 0)),
    "memory": attempt(lambda: bytearray(1 << 30)),
}
os.write(1, json.dumps({"held": held, "results": results}).encode())
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    target = tmp_path_factory.mktemp("room") / "created"
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(target)], capture_output=True, check=True, timeout=60
    )
    assert not target.exists()
    return json.loads(done.stdout)


def test_budgets_hold_everywhere(probe):
    """Every POSIX kernel bounds memory, CPU time and open files."""
    assert "rlimits" in probe["held"]
    assert probe["results"]["memory"] == "MemoryError"


def test_with_seccomp_nothing_but_computing_is_left(probe):
    """No file, socket, process or signal can be made, whatever the parser was made to do."""
    if "seccomp" not in probe["held"]:
        pytest.skip("this kernel or container has no seccomp filters")
    results = {key: value for key, value in probe["results"].items() if key != "memory"}
    assert set(results.values()) == {"PermissionError"}, results


def test_with_landlock_no_path_can_be_opened(probe):
    """The file system is gone, by a second mechanism."""
    if not any(layer.startswith("landlock-") for layer in probe["held"]):
        pytest.skip("this kernel or container has no Landlock")
    assert probe["results"]["open"] == probe["results"]["create"] == "PermissionError"


@pytest.mark.parametrize("machine", sorted(room.AUDIT_ARCH))
def test_the_filter_allows_the_listed_calls_and_no_other(machine):
    """Interpreting the program itself: listed numbers pass, all others and other tables are refused."""
    program = room.filter_program(machine)
    column = 0 if machine == "x86_64" else 1
    listed = {entry[column] for entry in room.SYSCALLS.values()}
    assert len(listed) == len(room.SYSCALLS)
    for number in (*range(700), 0x40000000, 0x40000001, 0xFFFFFFFF):
        expected = room.SECCOMP_ALLOW if number in listed else room.SECCOMP_EPERM
        assert verdict(program, room.AUDIT_ARCH[machine], number) == expected
    assert verdict(program, 0x40000003, 1) == room.SECCOMP_EPERM


def verdict(program: bytes, arch: int, number: int) -> int:
    """What the kernel's BPF machine returns for one system call."""
    steps = [
        (
            int.from_bytes(program[at : at + 2], sys.byteorder),
            program[at + 2],
            program[at + 3],
            int.from_bytes(program[at + 4 : at + 8], sys.byteorder),
        )
        for at in range(0, len(program), 8)
    ]
    place, loaded = 0, 0
    while True:
        code, if_true, if_false, value = steps[place]
        place += 1
        if code == room.BPF_LOAD_WORD:
            loaded = {room.OFFSET_NUMBER: number, room.OFFSET_ARCH: arch}[value]
        elif code == room.BPF_JUMP_EQUAL:
            place += if_true if loaded == value else if_false
        else:
            assert code == room.BPF_RETURN
            return value
