"""Cold kernels of one run: which Python, in which environment, and how to stop them all at once."""

from __future__ import annotations

import logging
import os
import site
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from papermill.log import logger

import evalpkg

SILENT = logging.NullHandler()
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def environment(root: Path, scratch: Path) -> dict[str, str]:
    """Environment of the kernels.

    Parameters
    ----------
    root
        Project root; notebooks find it as ``EVALPKG_ROOT``.
    scratch
        Folder for what IPython writes, so that neither a user's start-up files nor his history come in.
    """
    own = {
        "EVALPKG_ROOT": str(root),
        "IPYTHONDIR": str(scratch),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONHASHSEED": "0",  # the order of sets, hence the same bytes
        "PYTHONPATH": os.pathsep.join(_python_path()),
    }
    return {**os.environ, **ONE_THREAD, **own}


def _python_path() -> list[str]:
    """Let kernels import the package that runs them, also from a checkout that is not installed."""
    own = str(Path(evalpkg.__file__).parents[1])
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [path for path in [*inherited, own] if path and path not in site.getsitepackages()]


class Pool:
    """The kernels of one run; notebooks get theirs from `manager`.

    Notes
    -----
    Environment and folder are given to each kernel: papermill's ``cwd`` and ``os.environ`` belong to the whole
    process, and two notebooks run at a time.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = dict(env)
        self._started: list[AsyncKernelManager] = []
        self._stopped = threading.Event()

    def manager(self) -> type[AsyncKernelManager]:
        """Class of the kernel managers that nbclient makes: this Python, this environment."""
        pool = self

        class Manager(AsyncKernelManager):
            @property
            def kernel_spec(self) -> KernelSpec:
                # Not looked up by name: a "python3" in the home folder may be another Python.
                return KernelSpec(**get_kernel_dict())

            # The base class is typed as the synchronous manager that it wraps.
            async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
                await pool.start(self, **options)

        return Manager

    async def start(self, manager: AsyncKernelManager, **options: Any) -> None:
        """Start one kernel; what it prints past the notebook may quote an answer and goes nowhere."""
        if self._stopped.is_set():
            raise RuntimeError("stopped")
        self._started.append(manager)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        options |= {"env": self.env, "cwd": self.env["EVALPKG_ROOT"], **quiet}
        await AsyncKernelManager.start_kernel(manager, **options)

    def kill(self) -> None:
        """Kill every kernel and let none start: threads wait for kernels, not for an interrupt."""
        self._stopped.set()
        for manager in self._started:
            process = getattr(manager.provisioner, "process", None)
            if process is not None and process.poll() is None:
                process.kill()


@contextmanager
def pool(root: Path) -> Iterator[Pool]:
    """Kernels for one run; on any error, Ctrl-C included, none is left alive."""
    logger.addHandler(SILENT)  # else what papermill says of a killed kernel goes to stderr
    with TemporaryDirectory(prefix="evalpkg-", ignore_cleanup_errors=True) as scratch:
        kernels = Pool(environment(root, Path(scratch)))
        try:
            yield kernels
        finally:
            kernels.kill()
