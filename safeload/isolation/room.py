"""What the child gives up before it reads the first byte of input.

Three layers, from the one that every POSIX kernel has to those that only Linux has. None of them is
required: a container may forbid Landlock or seccomp, and a reader that refuses to run there would
be switched off. So each step says whether it holds, and the answer carries that list.

    rlimits   memory, CPU time, open files, no file growth, no core, no new processes; no capabilities
    landlock  no path of the file system, no TCP bind or connect (https://docs.kernel.org/userspace-api/landlock.html)
    seccomp   a list of the system calls that computing needs; each other one fails with EPERM
              (https://docs.kernel.org/userspace-api/seccomp_filter.html)

Everything that the task needs must be imported before `enter` is called.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION = 0x20080522

OPEN_FILES = 16
"""The pipe, and what the interpreter keeps open."""

LANDLOCK_CREATE_RULESET = 444
LANDLOCK_RESTRICT_SELF = 446
"""The numbers of both calls are the same on every architecture."""
LANDLOCK_CREATE_RULESET_VERSION = 1
FS_RIGHTS = {1: 1 << 13, 2: 1 << 14, 3: 1 << 15, 4: 1 << 15, 5: 1 << 16}
"""ABI -> first bit beyond the file system rights it knows; later ABIs have those of 5."""
NET_RIGHTS_ABI = 4
NET_RIGHTS = 0b11
SCOPE_ABI = 6
SCOPES = 0b11

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
SYSCALLS = {
    # name: (x86_64, aarch64), from asm/unistd_64.h and asm-generic/unistd.h
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "getpid": (39, 172),
    "exit": (60, 93),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "exit_group": (231, 94),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
}
"""What a process needs to compute, to answer on an open pipe and to end."""
PREAD = (17, 67)
"""pread64, for a child that is lent an open file: its position is shared with the parent, so no lseek."""

BPF_LOAD_WORD = 0x20
BPF_JUMP_EQUAL = 0x15
BPF_RETURN = 0x06
SECCOMP_ALLOW = 0x7FFF0000
SECCOMP_EPERM = 0x00050001
OFFSET_NUMBER = 0
OFFSET_ARCH = 4


class _SockFprog(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_void_p))


def enter(*, memory_bytes: int, cpu_seconds: int, reads_file: bool = False) -> list[str]:
    """Give up all that the task does not need.

    Args:
        memory_bytes: address space of this process.
        cpu_seconds: CPU time after which the kernel ends it.
        reads_file: whether it reads ranges of a file that is open already.

    Returns:
        The layers that hold, in order.
    """
    held = []
    if _limit_resources(memory_bytes, cpu_seconds):
        held.append("rlimits")
    if sys.platform != "linux":
        return held
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # A core dump that the system pipes to a program ignores the limit on its size (core(5)).
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    _drop_capabilities(libc)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return held
    abi = _landlock(libc)
    if abi:
        held.append(f"landlock-{abi}")
    if _seccomp(libc, reads_file=reads_file):
        held.append("seccomp")
    return held


def die_with_parent() -> None:
    """Have the kernel end this process when the thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Root's child keeps root's name and none of its powers: it could raise its limits again."""
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    libc.capset(header, bytes(24))


def _limit_resources(memory_bytes: int, cpu_seconds: int) -> bool:
    wanted = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CPU, cpu_seconds + 1),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_MEMLOCK, 0),
        # Counts all processes of the user, so zero is the one value that means "no more".
        (resource.RLIMIT_NPROC, 0),
    ]
    held = True
    for which, most in wanted:
        _, hard = resource.getrlimit(which)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # The soft limit on CPU time ends the process with SIGXCPU, by which the parent knows the cause.
        soft = max(bound - 1, 1) if which == resource.RLIMIT_CPU else bound
        try:
            resource.setrlimit(which, (soft, bound))
        except (OSError, ValueError):
            held = False
    return held


def _landlock(libc: ctypes.CDLL) -> int:
    """The ABI whose rights were all given up, or 0."""
    size = ctypes.c_size_t
    abi = libc.syscall(LANDLOCK_CREATE_RULESET, None, size(0), ctypes.c_uint32(1))
    if abi < 1:
        return 0
    rights = struct.pack(
        "=QQQ",
        FS_RIGHTS.get(abi, FS_RIGHTS[5]) - 1,
        NET_RIGHTS if abi >= NET_RIGHTS_ABI else 0,
        SCOPES if abi >= SCOPE_ABI else 0,
    )
    if abi < NET_RIGHTS_ABI:
        rights = rights[:8]
    elif abi < SCOPE_ABI:
        rights = rights[:16]
    # A ruleset without a single rule: every right that it handles is denied everywhere.
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, rights, size(len(rights)), ctypes.c_uint32(0))
    if ruleset < 0:
        return 0
    try:
        failed = libc.syscall(LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return 0 if failed else int(abi)


def _seccomp(libc: ctypes.CDLL, *, reads_file: bool) -> bool:
    machine = platform.machine()
    if machine not in AUDIT_ARCH or struct.calcsize("P") != 8:
        return False
    program = filter_program(machine, reads_file=reads_file)
    buffer = ctypes.create_string_buffer(program, len(program))
    prog = _SockFprog(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(prog), 0, 0) == 0)


def filter_program(machine: str, *, reads_file: bool = False) -> bytes:
    """The BPF program for one architecture: allow the listed calls, refuse the others with EPERM.

    A call made through another architecture's table (i386 or x32 on x86_64) has another `arch`, or a
    number with a high bit that no entry equals, and is refused as well.

    Args:
        machine: a key of `AUDIT_ARCH`.
        reads_file: whether `PREAD` is allowed too.
    """
    column = 0 if machine == "x86_64" else 1
    allowed = (*SYSCALLS.values(), *([PREAD] if reads_file else []))
    numbers = sorted(entry[column] for entry in allowed)
    steps = [
        (BPF_LOAD_WORD, 0, 0, OFFSET_ARCH),
        (BPF_JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (BPF_RETURN, 0, 0, SECCOMP_EPERM),
        (BPF_LOAD_WORD, 0, 0, OFFSET_NUMBER),
    ]
    # Jump offsets count from the next instruction; the refusal stands right behind the list.
    steps += [(BPF_JUMP_EQUAL, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    steps += [(BPF_RETURN, 0, 0, SECCOMP_EPERM), (BPF_RETURN, 0, 0, SECCOMP_ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
