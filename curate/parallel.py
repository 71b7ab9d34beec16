"""Work split over threads without changing the answer.

Method: a range of rows is cut into blocks of a fixed size, and each block is handed to a kernel that releases the
GIL and writes only its own slice of the output. Blocks do not depend on the number of threads, so neither do the
results. Plain threads are used instead of numba's `parallel=True`: they survive `fork`, start at once and let a
caller report progress between blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

Progress = Callable[[int, int], None]


def no_progress(done: int, total: int) -> None:
    """A progress callback that says nothing."""


def in_parts(progress: Progress, parts: int) -> list[Progress]:
    """Callbacks for pieces of work that follow one another, each of which counts as much, as one progress."""
    scale = 1000

    def part(before: int) -> Progress:
        return lambda done, total: progress(before * scale + done * scale // max(1, total), parts * scale)

    return [part(before) for before in range(parts)]


def over_blocks(
    n: int, block: int, threads: int, work: Callable[[int, int], None], progress: Progress = no_progress
) -> None:
    """Call `work(start, stop)` for every block of `range(n)`; errors of `work` and of `progress` are raised."""
    starts = range(0, n, max(block, 1))
    if threads <= 1 or len(starts) <= 1:
        for start in starts:
            work(start, min(start + block, n))
            progress(min(start + block, n), n)
        return
    with ThreadPoolExecutor(max_workers=threads) as pool:
        futures = [pool.submit(work, start, min(start + block, n)) for start in starts]
        try:
            for start, future in zip(starts, futures, strict=True):
                future.result()
                progress(min(start + block, n), n)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
