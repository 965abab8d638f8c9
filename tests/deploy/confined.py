#!/usr/bin/python3
"""confined.py ROOT UID COMMAND...: runs a command in a root file system as a kubelet's container runtime does for

    runAsUser: UID, allowPrivilegeEscalation: false, capabilities: {add: [NET_BIND_SERVICE], drop: [ALL]}

The caller has given it its namespaces and mounts."""
import ctypes
import os
import sys

PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 8, 24, 38
CAP_NET_BIND_SERVICE, LAST_CAP = 10, 40
CAPABILITY_VERSION_3 = 0x20080522

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        sys.exit(f"confined.py: {what}: {os.strerror(ctypes.get_errno())}")


def main():
    root, uid, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    os.chroot(root)
    os.chdir("/")
    for capability in range(LAST_CAP + 1):
        if capability != CAP_NET_BIND_SERVICE:
            check(libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "bounding set")
    check(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    bind = 1 << CAP_NET_BIND_SERVICE
    check(libc.capset(header, (ctypes.c_uint32 * 6)(bind, bind, 0, 0, 0, 0)), "capset")
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    os.execve(command[0], command, {"PATH": "/"})


main()
