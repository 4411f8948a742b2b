"""The sizes that Fargate offers, to ECS tasks and to EKS pods."""

from __future__ import annotations

_GIB = 1024

FARGATE_MEMORY: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
    32768: (60 * _GIB, 120 * _GIB, 244 * _GIB),
}
"""The memory in MiB that goes with each number of CPU units (Amazon ECS developer guide, task
size; Amazon EKS user guide, Fargate pod configuration, up to 16,384)."""


def fargate_size(cpu: float, memory_mib: float) -> tuple[int, int]:
    """The smallest size with as many CPU units and as much memory; the largest where none has."""
    fitting = (
        (units, memory)
        for units, offered in FARGATE_MEMORY.items()
        for memory in offered
        if units >= cpu and memory >= memory_mib
    )
    largest = max(FARGATE_MEMORY)
    return next(fitting, (largest, FARGATE_MEMORY[largest][-1]))
