import platform
import subprocess
import sys

import pytest

COUNTED = """
import resource
import torch
from workbench.training.memory import freed_memory_kept

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(8 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def held():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20

start, outside = held(), faults()
with freed_memory_kept():
    faults()
    inside, most = faults(), held()
print(outside, inside, most - start, held() - start)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library keeps memory as it likes")
def test_freed_memory_is_taken_again_and_given_back_in_the_end() -> None:
    """In another process, whose memory nobody else touches; a piece is 32 MB."""
    told = subprocess.run([sys.executable, "-c", COUNTED], capture_output=True, text=True, check=True).stdout
    outside, inside, kept, left = map(int, told.split())
    assert inside < outside / 10
    assert kept >= 30 and left < 16
