"""Does what is published cover the truth as often as it says? Simulations on synthetic worlds."""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # a process a core; read once, when numpy is first imported
