"""What a process does to which a file is too much."""

from __future__ import annotations

import os
import signal
import time

from fuzz.cases import Case


def misbehave(case: Case) -> str:
    """Do what the file says."""
    began = time.process_time()
    match case.content:
        case b"hang":
            time.sleep(3600)
        case b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"raise":
            raise ValueError("an error without a code")
        case b"toil":
            while time.process_time() < began + 1.6:
                pass
        case b"hog":
            bytearray(300 * 2**20)
    return "read"
