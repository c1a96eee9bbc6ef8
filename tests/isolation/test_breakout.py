"""Ways out of the closed room, tried with arbitrary Python inside it: by library, and by number.

The child has what an attacker with code execution has. Each layer is tried with the others absent, as on
a kernel that lacks them, and all of them as another user where the test runs as root.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from safeload.isolation import room

ROOT = Path(room.__file__).parents[2]
PROBE = """
import ctypes, json, mmap, os, resource, signal, struct, sys
sys.path.append(sys.argv[1])
absent, user, lent = json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
from safeload.isolation import room
if "seccomp" in absent:
    room._seccomp = lambda libc, reads_file: False
if "landlock" in absent:
    room._landlock = lambda libc: 0
if user:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
buffer = ctypes.create_string_buffer(4096)
vector = struct.pack("QQ", ctypes.addressof(buffer), 8)

def call(number, *arguments):
    def attempt():
        ctypes.set_errno(0)
        given = [ctypes.c_long(part) if isinstance(part, int) else part for part in (number, *arguments)]
        if libc.syscall(*given) < 0:
            raise OSError(ctypes.get_errno(), "refused")
    return attempt

held = room.enter(memory_bytes=512 << 20, cpu_seconds=5, reads_file=True)
ATTEMPTS = {
    "namespace": call(272, 0x10000000),  # first: it would give capabilities for what follows
    "ptrace the parent": call(101, 16, parent, 0, 0),
    "read the parent's memory": call(310, parent, vector, 1, vector, 1, 0),
    "open the parent's memory": lambda: os.open(f"/proc/{parent}/mem", os.O_RDWR),
    "open our own memory": lambda: os.open("/proc/self/mem", os.O_RDWR),
    "open the file again to write": lambda: os.open(f"/proc/self/fd/{lent}", os.O_RDWR),
    "kill the parent": lambda: os.kill(parent, 0),
    "kill everybody": lambda: os.kill(-1, 0),
    "raise memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
    "raise CPU time": lambda: resource.setrlimit(resource.RLIMIT_CPU, (-1, -1)),
    "raise core size": lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1)),
    "raise the parent's limits": lambda: resource.prlimit(parent, resource.RLIMIT_AS, (-1, -1)),
    "dumpable again": call(157, 4, 1, 0, 0, 0),
    "memfd": lambda: os.memfd_create("x"),
    "pipe": lambda: os.pipe(),
    "duplicate": lambda: os.dup2(1, 2),
    "socket": call(41, 1, 1, 0),
    "socketpair": call(53, 1, 1, 0, buffer),
    "io_uring": call(425, 1, buffer),
    "userfaultfd": call(323, 0),
    "bpf": call(321, 5, buffer, 100),
    "perf": call(298, buffer, 0, -1, -1, 0),
    "clone": call(56, 17, 0, 0, 0, 0),
    "clone3": call(435, buffer, 88),
    "fork": lambda: os.fork() or os._exit(0),
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "ioctl": call(16, 1, 0x5412, buffer),
    "fcntl": call(72, lent, 4, 0),
    "truncate": lambda: os.ftruncate(lent, 0),
    "write at": lambda: os.pwrite(lent, b"x", 0),
    "writev": lambda: os.writev(lent, [b"x"]),
    "sendfile": lambda: os.sendfile(1, lent, 0, 1),
    "timer": call(222, 0, 0, buffer),
    "interval timer": lambda: signal.setitimer(signal.ITIMER_REAL, 100),
    "alarm": call(37, 100),
    "shared memory": call(29, 0, 4096, 0o1600),
    "keys": call(248, b"user", b"x", b"y", 1, -2),
    "affinity": lambda: os.sched_setaffinity(0, {0}),
    "personality": call(135, 0x40000),
    "second filter": call(317, 1, 0, buffer),
    "user": lambda: os.setuid(0),
    "capabilities": call(126, b"\\x22\\x05\\x08\\x20\\0\\0\\0\\0", b"\\xff" * 24),
    "write to the lent file": lambda: os.write(lent, b"x"),
    "map the lent file to write": lambda: mmap.mmap(lent, 1, flags=1, prot=3),
}
if "seccomp" in absent:  # these would work, and leave two of us, or none
    for name in ("clone", "clone3", "fork", *(["exec"] if "landlock" in absent else [])):
        del ATTEMPTS[name]
results = {}
for name, attempt in ATTEMPTS.items():
    try:
        attempt()
        results[name] = "done"
    except (OSError, ValueError) as error:
        results[name] = type(error).__name__
results["read the lent file"] = os.pread(lent, 4, 0).decode()
os.write(1, json.dumps({"held": held, "results": results}).encode())
"""

USERS = [0, 65534] if os.geteuid() == 0 else [0]
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine != "x86_64", reason="system calls by number"
)


def probe(tmp_path, *, absent, user):
    lent = tmp_path / "lent"
    lent.write_bytes(b"lent")
    lent.chmod(0o666)
    fd = os.open(lent, os.O_RDONLY)
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROBE, str(ROOT), json.dumps(absent), str(user), str(fd)],
            stdout=subprocess.PIPE,
            check=True,
            timeout=60,
            pass_fds=[fd],
        )
    finally:
        os.close(fd)
    assert lent.read_bytes() == b"lent"
    found = json.loads(done.stdout[done.stdout.index(b"{") :])  # what sendfile may have written
    assert found["results"].pop("read the lent file") == "lent"
    return found


@pytest.mark.parametrize("user", USERS)
def test_with_every_layer_nothing_works(tmp_path, user):
    """Whatever is tried, as root and as nobody: only computing and the answer are left."""
    found = probe(tmp_path, absent=[], user=user)
    if "seccomp" not in found["held"]:
        pytest.skip("this kernel or container has no seccomp filters")
    assert {name for name, result in found["results"].items() if result == "done"} == set()


@pytest.mark.parametrize("user", USERS)
def test_landlock_alone_keeps_files_and_other_processes_away(tmp_path, user):
    """Without seccomp: no path opens, not even our own, and nobody is traced or signalled."""
    found = probe(tmp_path, absent=["seccomp"], user=user)
    abis = [layer.removeprefix("landlock-") for layer in found["held"] if layer.startswith("landlock-")]
    if not abis:
        pytest.skip("this kernel or container has no Landlock")
    done = {name for name, result in found["results"].items() if result == "done"}
    assert not done & {
        "ptrace the parent", "read the parent's memory", "open the parent's memory", "open our own memory",
        "open the file again to write", "exec", "truncate", "write at", "write to the lent file",
        "map the lent file to write",
    }  # fmt: skip
    if int(abis[0]) >= room.SCOPE_ABI:
        assert "kill the parent" not in done


@pytest.mark.parametrize("user", USERS)
def test_limits_alone_hold(tmp_path, user):
    """Without both: the limits cannot be raised again, not even by root's child."""
    found = probe(tmp_path, absent=["seccomp", "landlock"], user=user)
    done = {name for name, result in found["results"].items() if result == "done"}
    assert not done & {
        "raise memory", "raise CPU time", "raise core size", "truncate", "write at",
        "write to the lent file", "map the lent file to write", "bpf", "ptrace the parent",
    }  # fmt: skip
